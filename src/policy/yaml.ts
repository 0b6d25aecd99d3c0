/**
 * YAML 1.2 (core schema) to plain values that know their place in the file. Only what a roster needs: no aliases (a few
 * hundred bytes of them can stand for gigabytes), no tags, names that are strings; size and depth are bounded.
 */
import type { ParsedNode, YAMLMap, YAMLSeq } from 'yaml';
import { Composer, CST, isAlias, isMap, isScalar, isSeq, Parser } from 'yaml';
import type { Fault, FaultCode } from './fault.ts';
import { member, Places } from './places.ts';

export interface YamlFile {
  /** Objects have no prototype, so that every name in them is one of the file's. */
  readonly value: unknown;
  readonly places: Places;
  readonly faults: readonly Fault[];
}

const MAX_BYTES = 4 * 1024 * 1024;
/** The roster itself is five deep; the composer, which recurses, is not asked beyond this. */
const MAX_DEPTH = 16;

export function parseYaml(text: string): YamlFile {
  const places = new Places();
  if (text.length > MAX_BYTES)
    return failed(places, [places.faultAt('too-large', 0, '', `a roster has at most ${MAX_BYTES} bytes`)]);
  const tokens = [...new Parser((offset) => places.addLine(offset)).parse(text)];
  const deep = tokens.map(findTooDeep).find((offset) => offset !== undefined);
  if (deep !== undefined)
    return failed(places, [places.faultAt('too-deep', deep, '', `at most ${MAX_DEPTH} levels are nested`)]);
  return compose(tokens, text.length, places);
}

function failed(places: Places, faults: readonly Fault[]): YamlFile {
  return { value: undefined, places, faults };
}

function compose(tokens: readonly CST.Token[], length: number, places: Places): YamlFile {
  // The library looks for equal names by comparing each with each; `Reader` does it in one pass.
  const composer = new Composer({ version: '1.2', schema: 'core', strict: true, uniqueKeys: false });
  const [document, second] = [...composer.compose(tokens, true, length)];
  const problems = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
  const faults = problems.map(({ pos, message }) => places.faultAt('bad-yaml', pos[0], '', message));
  if (second !== undefined)
    faults.push(
      places.faultAt('bad-yaml', second.range[0], '', 'a roster is one document, without a second ---'),
    );
  if (faults.length > 0) return failed(places, faults);
  const reader = new Reader(places);
  const value = reader.read(document?.contents ?? null, '');
  places.setRoot(value);
  return { value, places, faults: reader.faults };
}

/** The offset of the first thing nested too deeply, level by level because recursion is what must not happen here. */
function findTooDeep(token: CST.Token): number | undefined {
  let level = token.type === 'document' ? [token.value] : [];
  for (let depth = 0; level.length > 0; depth++) {
    const collections = level.filter((item) => CST.isCollection(item));
    if (depth >= MAX_DEPTH && collections[0] !== undefined) return collections[0].offset;
    level = collections.flatMap(({ items }) => items.flatMap(({ key, value }) => [key ?? undefined, value]));
  }
  return undefined;
}

class Reader {
  readonly faults: Fault[] = [];
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  read(node: ParsedNode | null, path: string): unknown {
    if (node === null) return null;
    if (isAlias(node) || node.anchor !== undefined)
      this.#report('alias', node, path, 'anchors and aliases are not used here');
    if (node.tag !== undefined && !IMPLIED_TAGS.has(node.tag))
      this.#report('bad-yaml', node, path, 'tags are not used here');
    if (isMap(node)) return this.#readMap(node, path);
    if (isSeq(node)) return this.#readSeq(node, path);
    return isScalar(node) ? node.value : undefined;
  }

  #readSeq(node: YAMLSeq.Parsed, path: string): readonly unknown[] {
    const items = node.items.filter((item) => 'range' in item);
    const list = items.map((item, index) => this.read(item, member(path, index)));
    const places = items.map(({ range }, index) => [String(index), { value: range[0] }] as const);
    this.#places.addMembers(list, new Map(places));
    return list;
  }

  #readMap(node: YAMLMap.Parsed, path: string): Readonly<Record<string, unknown>> {
    const object: Record<string, unknown> = Object.create(null);
    const places = new Map<string, { readonly name: number; readonly value: number }>();
    for (const { key, value } of node.items) {
      const name = this.#readName(key, path);
      if (name === undefined) continue;
      const at = member(path, name);
      if (places.has(name)) {
        this.#report('duplicate-name', key, at, `"${name.slice(0, 64)}" stands here twice`);
        continue;
      }
      places.set(name, { name: key.range[0], value: value?.range[0] ?? key.range[0] });
      object[name] = this.read(value, at);
    }
    this.#places.addMembers(object, places);
    return object;
  }

  #readName(key: ParsedNode, path: string): string | undefined {
    if (isScalar(key) && typeof key.value === 'string' && key.anchor === undefined && key.tag === undefined)
      return key.value;
    const message = isScalar(key)
      ? `write the name ${key.source} in quotes: it is read as a ${kindOf(key.value)}`
      : 'a name is a string';
    this.#report('bad-name', key, path, message);
    return undefined;
  }

  #report(code: FaultCode, node: ParsedNode, path: string, message: string): void {
    this.faults.push(this.#places.faultAt(code, node.range[0], path, message));
  }
}

/** What the core schema gives to plain values. */
const IMPLIED_TAGS = new Set(['tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq']);

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
