/**
 * Files that make a host trust something: whole or not at all, root's, and readable for everybody, whatever the umask is. Who decides by what is
 * there holds the file meanwhile: else an older statement could be put over a newer one that came in between.
 */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile } from '../../src/durable-file.ts';
import { giveUpAfter, takeLock } from '../../src/file-lock.ts';
import { UsherCommandError } from '../error.ts';

const DIRECTORY_MODE = 0o755;
const OTHERS_WRITE = 0o022;
/** Who holds the file reads and writes it once: whoever can not have it for so long is told, and decides. */
const MOST_WAIT_MS = 3_000;

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not',
  EPERM: 'you may not',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
};

/**
 * Does the work while no other `usher` does its own about the same file.
 * @throws UsherCommandError `host-file` when another one holds it, or others could change what is written there.
 */
export async function whileHolding<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  const release = await orHostFile(path, async () => {
    await makeDirectory(dirname(path));
    return takeLock(lock, giveUpAfter(MOST_WAIT_MS, isHeld));
  });
  try {
    return await work();
  } finally {
    await release();
  }
}

/** @throws UsherCommandError `host-file` when it can not be written, or others could change what is written there. */
export async function installFile(path: string, text: string, mode: number): Promise<void> {
  await orHostFile(path, async () => {
    await makeDirectory(dirname(path));
    const owner = process.getuid?.() === 0 ? { owner: 0 } : {};
    await replaceFile(path, text, { mode, exactly: true, ...owner });
  });
}

async function orHostFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause instanceof UsherCommandError) throw cause;
    const reason = REASONS[String(cause.code)] ?? String(cause.code);
    throw new UsherCommandError('host-file', `${path} can not be written: ${reason}`, {
      cause,
      ...(reason === 'you may not' ? { hint: 'run this as root' } : {}),
    });
  }
}

function isHeld(lock: string): UsherCommandError {
  return new UsherCommandError('host-file', `${lock} exists: another usher is at work, or one was killed`, {
    hint: `when no other one runs: rm ${lock}`,
  });
}

async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  // pam-ussh reads as the person who calls sudo: a strict umask must not keep them out.
  if (first !== undefined) await chmod(directory, DIRECTORY_MODE);
  const { mode, uid } = await stat(directory);
  if ((mode & OTHERS_WRITE) !== 0 || (uid !== 0 && uid !== process.getuid?.()))
    throw new UsherCommandError('host-file', `others may write ${directory}`, {
      hint: `chown root:root ${directory}; chmod 755 ${directory}`,
    });
}
