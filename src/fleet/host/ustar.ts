/** Plain files as a tar, in the format that POSIX calls ustar: what every tar reads, with nothing in it that could differ from one time to the next. */

interface TarFile {
  readonly name: string;
  readonly data: Uint8Array;
}

export const BLOCK_BYTES = 512;
/** What tapes took at once; every tar fills its last one. */
const RECORD_BYTES = 20 * BLOCK_BYTES;
/** Two blocks of zeros end an archive, behind its last record too. */
const END_BYTES = 2 * BLOCK_BYTES;

const CHECKSUM = 148;
const CHECKSUM_BYTES = 8;

/** Readable for everybody, root's, and of no time. */
export function formatTar(files: readonly TarFile[]): Uint8Array {
  const size = files.reduce((sum, { data }) => sum + BLOCK_BYTES + filling(data.length, BLOCK_BYTES), 0);
  const tar = new Uint8Array(filling(size, RECORD_BYTES) + END_BYTES);
  let at = 0;
  for (const { name, data } of files) {
    tar.set(header(name, data.length), at);
    tar.set(data, at + BLOCK_BYTES);
    at += BLOCK_BYTES + filling(data.length, BLOCK_BYTES);
  }
  return tar;
}

function header(name: string, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (at: number, text: string) => block.set(new TextEncoder().encode(text), at);
  put(0, name);
  put(100, octal(0o644, 7));
  // User and group.
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(0, 11));
  // A plain file.
  put(156, '0');
  put(257, 'ustar\u000000');
  // The sum is made as if blanks were in its place.
  put(CHECKSUM, ' '.repeat(CHECKSUM_BYTES));
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(CHECKSUM, sum.toString(8).padEnd(CHECKSUM_BYTES, '\0'));
  return block;
}

/** Behind each number is a zero. */
function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function filling(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
