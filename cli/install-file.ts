/**
 * Files that make a host trust something: whole or not at all, root's, and readable for everybody, whatever the umask is. Who decides by what is
 * there holds the file meanwhile: else an older statement could be put over a newer one that came in between.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsherCommandError } from './error.ts';

const DIRECTORY_MODE = 0o755;
const LOCK_MODE = 0o600;
const OTHERS_WRITE = 0o022;
const RETRY_MS = 20;
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
  await orHostFile(path, async () => {
    await makeDirectory(dirname(path));
    await hold(lock);
  });
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** @throws UsherCommandError `host-file` when it can not be written, or others could change what is written there. */
export async function installFile(path: string, text: string, mode: number): Promise<void> {
  await orHostFile(path, async () => {
    await makeDirectory(dirname(path));
    await replaceFile(path, text, mode);
  });
}

async function orHostFile(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause instanceof UsherCommandError) throw cause;
    const reason = REASONS[String(cause.code)] ?? String(cause.code);
    throw new UsherCommandError('host-file', `${path} can not be written: ${reason}`, {
      cause,
      ...(reason === 'you may not' ? { hint: 'run this as root' } : {}),
    });
  }
}

async function hold(lock: string): Promise<void> {
  const until = Date.now() + MOST_WAIT_MS;
  while (!(await take(lock))) {
    // Never removed here: two who remove it at once could both believe that they hold it.
    if (Date.now() > until)
      throw new UsherCommandError(
        'host-file',
        `${lock} exists: another usher is at work, or one was killed`,
        {
          hint: `when no other one runs: rm ${lock}`,
        },
      );
    await sleep(RETRY_MS);
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', LOCK_MODE);
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(temporary, text, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
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

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    if (process.getuid?.() === 0) await file.chown(0, 0);
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without this the rename may be lost in a power failure. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
