/** One `usher` at a time changes a file: a lock file beside it, which one that was killed can not hold for ever. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { takeOverAfter, withLock as withLockFile } from '../src/file-lock.ts';

/** The work under a lock is one read and one write: whoever holds it for longer is gone. */
const STALE_MILLISECONDS = 5_000;

export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return withLockFile(`${path}.lock`, takeOverAfter(STALE_MILLISECONDS), work);
}
