/**
 * The files of a host as one tar. The same files have the same bytes, so that an archive is known by its hash; one that is not
 * byte for byte what `packFiles` writes is refused, whatever else a tar can hold: links, paths, long names, a name twice.
 */
import { FleetError } from '../error.ts';
import type { HostFileName } from './file-limits.ts';
import { FILE_LIMITS, HOST_FILE_NAMES, MAX_ARCHIVE_BYTES } from './file-limits.ts';
import { BLOCK_BYTES, formatTar } from './ustar.ts';

export type HostArchive = Readonly<Partial<Record<HostFileName, Uint8Array>>>;

/** @throws FleetError `bad-archive` when a file is larger than hosts take it. */
export function packFiles(files: HostArchive): Uint8Array {
  const entries = HOST_FILE_NAMES.flatMap((name) => {
    const data = files[name];
    return data === undefined ? [] : [{ name, data: checkSize(name, data) }];
  });
  return formatTar(entries);
}

/** @throws FleetError `bad-archive` for anything that `packFiles` would not have written. */
export function unpackFiles(tar: Uint8Array): HostArchive {
  if (tar.length > MAX_ARCHIVE_BYTES) throw badArchive(`it has more than ${MAX_ARCHIVE_BYTES} bytes`);
  const files = readEntries(tar);
  const again = packFiles(files);
  if (again.length !== tar.length || !again.every((byte, index) => byte === tar[index]))
    throw badArchive('it is not written as usher writes it');
  return files;
}

/** Only as much as it takes to write it anew: a name and a size, where the header of ustar has them. */
function readEntries(tar: Uint8Array): HostArchive {
  const files: Partial<Record<HostFileName, Uint8Array>> = {};
  for (let at = 0; at + BLOCK_BYTES <= tar.length && tar[at] !== 0; ) {
    const name = nameAt(tar, at);
    const begin = at + BLOCK_BYTES;
    const size = sizeAt(tar, at);
    files[name] = tar.slice(begin, begin + size);
    at = begin + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return files;
}

function nameAt(tar: Uint8Array, at: number): HostFileName {
  const text = textAt(tar, at, 100);
  const name = HOST_FILE_NAMES.find((known) => known === text);
  if (name === undefined) throw badArchive('it holds a file that hosts do not take');
  return name;
}

function sizeAt(tar: Uint8Array, at: number): number {
  const text = textAt(tar, at + 124, 12);
  if (!/^[0-7]{11}$/.test(text)) throw badArchive('a size in it is none');
  return Number.parseInt(text, 8);
}

function textAt(tar: Uint8Array, at: number, length: number): string {
  const [text = ''] = new TextDecoder('latin1').decode(tar.subarray(at, at + length)).split('\0', 1);
  return text;
}

function checkSize(name: HostFileName, data: Uint8Array): Uint8Array {
  if (data.length > FILE_LIMITS[name]) throw badArchive(`${name} has more than ${FILE_LIMITS[name]} bytes`);
  return data;
}

function badArchive(reason: string): FleetError {
  return new FleetError('bad-archive', `the archive of files is refused: ${reason}`);
}
