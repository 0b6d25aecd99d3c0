/** Files that make a host trust something: whole or not at all, root's, and readable for everybody, whatever the umask is. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsherCommandError } from './error.ts';

const DIRECTORY_MODE = 0o755;
const OTHERS_WRITE = 0o022;

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not',
  EPERM: 'you may not',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
};

/** @throws UsherCommandError `host-file` when it can not be written, or others could change what is written there. */
export async function installFile(path: string, text: string, mode: number): Promise<void> {
  try {
    await makeDirectory(dirname(path));
    await replaceFile(path, text, mode);
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause instanceof UsherCommandError) throw cause;
    const reason = REASONS[String(cause.code)] ?? String(cause.code);
    throw new UsherCommandError('host-file', `${path} can not be written: ${reason}`, {
      cause,
      ...(reason === 'you may not' ? { hint: 'run this as root' } : {}),
    });
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
