/**
 * A file that makes a host trust something, held by one `usher` while it decides by what is there: else an older statement could be put over a newer
 * one that came in between.
 */
import { dirname } from 'node:path';
import { giveUpAfter, takeLock } from '../../src/file-lock.ts';
import { UsherCommandError } from '../error.ts';
import { DIRECTORY_MODE } from '../machine/files.ts';
import { orHostFile, realFiles } from '../machine/real-files.ts';

/** Who holds the file reads and writes it once: whoever can not have it for so long is told, and decides. */
const MOST_WAIT_MS = 3_000;

/**
 * Does the work while no other `usher` does its own about the same file.
 * @throws UsherCommandError `host-file` when another one holds it, or others could change what is written there.
 */
export async function whileHolding<T>(path: string, work: () => Promise<T>): Promise<T> {
  await realFiles.makeDirectory(dirname(path), DIRECTORY_MODE);
  const release = await orHostFile(path, 'written', () =>
    takeLock(`${path}.lock`, giveUpAfter(MOST_WAIT_MS, isHeld)),
  );
  try {
    return await work();
  } finally {
    await release();
  }
}

function isHeld(lock: string): UsherCommandError {
  return new UsherCommandError('host-file', `${lock} exists: another usher is at work, or one was killed`, {
    hint: `when no other one runs: rm ${lock}`,
  });
}
