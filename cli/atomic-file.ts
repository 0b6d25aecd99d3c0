/** Files that are there whole or not at all, whatever happens while they are written. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile } from '../src/durable-file.ts';

/** Makes missing directories with mode 0700. The new file has its mode before it has its name. */
export async function writeAtomically(
  path: string,
  contents: string | Uint8Array,
  mode: number,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await replaceFile(path, contents, { mode });
}

/** @returns undefined when there is no such file. @throws RangeError when it is larger than `most` bytes. */
export async function readIfThere(path: string, most: number): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > most) throw new RangeError(`${path} is larger than ${most} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
