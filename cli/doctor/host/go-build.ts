/**
 * What a Go program says of its own build, as `go version -m` reads it (debug/buildinfo), which hosts do not have. Works on the bytes of any ELF file:
 * the magic stands at an address that is a multiple of 16.
 */

export interface GoBuild {
  /** `go1.24.4`. */
  readonly goVersion: string;
  /** Path -> version, of what it was built from; none when it was built without modules, as Debian does. */
  readonly modules: ReadonlyMap<string, string>;
}

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const ALIGNMENT = 16;
const FLAGS_OFFSET = 15;
/** Go 1.18 and later write the texts behind the header; older ones write pointers, which only a loader can follow. */
const FLAG_INLINE = 2;
const HEADER_BYTES = 32;
/** The text of the modules has sixteen bytes before and after it, for tools that look for them. */
const SENTINEL_BYTES = 16;

export function readGoBuild(file: Uint8Array): GoBuild | undefined {
  const start = findHeader(file);
  if (start === undefined || ((file[start + FLAGS_OFFSET] ?? 0) & FLAG_INLINE) === 0) return undefined;
  const version = readString(file, start + HEADER_BYTES);
  const modules = version && readString(file, version.end);
  if (version === undefined || modules === undefined) return undefined;
  const text = new TextDecoder().decode(modules.bytes.subarray(SENTINEL_BYTES, -SENTINEL_BYTES));
  return { goVersion: new TextDecoder().decode(version.bytes), modules: parseModules(text) };
}

function findHeader(file: Uint8Array): number | undefined {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  for (let at = buffer.indexOf(MAGIC); at !== -1; at = buffer.indexOf(MAGIC, at + 1))
    if (at % ALIGNMENT === 0) return at;
  return undefined;
}

function readString(
  file: Uint8Array,
  at: number,
): { readonly bytes: Uint8Array; readonly end: number } | undefined {
  let [length, shift, next] = [0, 0, at];
  for (;;) {
    const byte = file[next++];
    if (byte === undefined || shift > 28) return undefined;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
    shift += 7;
  }
  return next + length > file.length
    ? undefined
    : { bytes: file.subarray(next, next + length), end: next + length };
}

/** Lines `mod`, `dep` and, for what replaces the line before, `=>`: each a path, a version, a hash. */
function parseModules(text: string): ReadonlyMap<string, string> {
  const modules = new Map<string, string>();
  let last = '';
  for (const line of text.split('\n')) {
    const [word = '', path = '', version = ''] = line.split('\t');
    if (word === 'mod' || word === 'dep') last = path;
    else if (word !== '=>') continue;
    modules.set(last, version);
  }
  return modules;
}
