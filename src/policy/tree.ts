/**
 * Reading a YAML value whose structure may be wrong: what is not of the expected form is passed over, since the schema
 * reports it. So that every other fault can still be found in the same run.
 */
import { member } from './places.ts';

interface Place {
  readonly path: string;
  readonly value: unknown;
}

export interface Item extends Place {
  readonly name: string;
}

export interface TextItem {
  readonly path: string;
  readonly text: string;
}

/** The members of an object, with their paths; none when it is no object. */
export function entriesOf({ value, path }: Place): readonly Item[] {
  if (!isObject(value)) return [];
  return Object.entries(value).map(([name, child]) => ({ path: member(path, name), name, value: child }));
}

/** The strings of a list, with their paths. */
function textsOf(value: unknown, path: string): readonly TextItem[] {
  if (!Array.isArray(value)) return [];
  const items: readonly unknown[] = value;
  return items.flatMap((text, index) =>
    typeof text === 'string' ? [{ path: member(path, index), text }] : [],
  );
}

/** One member, or nothing. */
export function fieldOf({ value, path }: Place, name: string): Item {
  return { path: member(path, name), name, value: isObject(value) ? value[name] : undefined };
}

export function textsIn(place: Place, name: string): readonly TextItem[] {
  const field = fieldOf(place, name);
  return textsOf(field.value, field.path);
}

/** One member that is a string, or nothing. */
export function textIn(place: Place, name: string): readonly TextItem[] {
  const { path, value } = fieldOf(place, name);
  return typeof value === 'string' ? [{ path, text: value }] : [];
}

/** The entries of one of the file's sections: people, roles, hosts. */
export function sectionOf(root: unknown, name: string): readonly Item[] {
  return entriesOf(fieldOf({ path: '', value: root }, name));
}

/** The entries of a section that is a list. */
export function itemsIn(root: unknown, name: string): readonly Item[] {
  const { path, value } = fieldOf({ path: '', value: root }, name);
  if (!Array.isArray(value)) return [];
  const items: readonly unknown[] = value;
  return items.map((item, index) => ({ path: member(path, index), name: String(index), value: item }));
}

/** `yaml.ts` makes objects without a prototype, so that a name finds nothing but the file's own. */
function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
