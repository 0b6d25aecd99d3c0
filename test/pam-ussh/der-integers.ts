/** The integers of a key in DER, in their order, wherever they are nested: DSA keys have no other form in `node:crypto`. */

const INTEGER = 0x02;
/** What may hold integers: sequences, and the strings around the numbers that are the key itself. */
const CONTAINERS = [0x30, 0x03, 0x04];

/** The last `count` of them: a version number may stand before. */
export function integersOf(der: Uint8Array, count: number): readonly Uint8Array[] {
  return collect(der).slice(-count);
}

function collect(bytes: Uint8Array): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at];
    const { start, end } = contentOf(bytes, at);
    const content = bytes.subarray(start, end);
    if (tag === INTEGER) found.push(content);
    // A bit string begins with how many bits are missing.
    else if (tag !== undefined && CONTAINERS.includes(tag))
      found.push(...collect(content.subarray(tag === 3 ? 1 : 0)));
    at = end;
  }
  return found;
}

function contentOf(bytes: Uint8Array, at: number): { readonly start: number; readonly end: number } {
  const first = bytes[at + 1] ?? 0;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const size = first & 0x7f;
  const length = bytes.subarray(at + 2, at + 2 + size).reduce((sum, byte) => sum * 256 + byte, 0);
  return { start: at + 2 + size, end: at + 2 + size + length };
}
