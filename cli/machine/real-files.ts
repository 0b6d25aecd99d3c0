/** The file system of this host. */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { chmod, lstat, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile, syncDirectory } from '../../src/durable-file.ts';
import { UsherCommandError } from '../error.ts';
import type { FoundFile, MachineFiles } from './files.ts';

/** As our own errors have codes, too. */
const SYSTEM_CODE = /^E[A-Z0-9]+$/;
/** More than the largest list of revoked certificates. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const OTHERS_WRITE = 0o022;

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'you may not',
  EPERM: 'you may not',
  EROFS: 'nothing can be written there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  EISDIR: 'it is a directory',
};

export const realFiles: MachineFiles = {
  read: (path) => orHostFile(path, 'read', () => read(path)),
  list: (directory) => orHostFile(directory, 'read', () => list(directory)),
  write: (path, contents, mode) =>
    orHostFile(path, 'written', () => replaceFile(path, contents, { mode, exactly: true, ...rootAsOwner() })),
  remove: (path) => orHostFile(path, 'removed', () => remove(path)),
  makeDirectory: (path, mode) => orHostFile(path, 'made', () => makeDirectory(path, mode)),
};

async function read(path: string): Promise<FoundFile | undefined> {
  const file = await openPlain(path);
  if (file === undefined || file === 'odd') return file && { kind: 'odd' };
  try {
    const state = await file.stat();
    if (!state.isFile() || state.size > MAX_FILE_BYTES) return { kind: 'odd' };
    const contents = new Uint8Array(await file.readFile());
    return { kind: 'plain', contents, mode: state.mode & 0o7777, isRoots: isTrusted(state.uid) };
  } finally {
    await file.close();
  }
}

/** Whoever put a link or a pipe there does not choose what is read, nor make the sync wait. */
async function openPlain(path: string): Promise<FileHandle | 'odd' | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP' || code === 'ENXIO') return 'odd';
    throw error;
  }
}

async function list(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path);
  await syncDirectory(dirname(path));
}

async function makeDirectory(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  if (first !== undefined) {
    // Whatever the umask is.
    await chmod(path, mode);
    await syncDirectory(dirname(first));
  }
  const state = await lstat(path);
  if (!state.isDirectory() || (state.mode & OTHERS_WRITE) !== 0 || !isTrusted(state.uid))
    throw new UsherCommandError('host-file', `others may write ${path}, or it is no directory`, {
      hint: `look at it; then: chown root:root ${path}; chmod ${mode.toString(8)} ${path}`,
    });
  if ((state.mode & 0o7777) !== mode) await chmod(path, mode);
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.getuid?.();
}

function rootAsOwner(): { readonly owner?: number } {
  return process.getuid?.() === 0 ? { owner: 0 } : {};
}

/** @throws UsherCommandError `host-file` where the system refuses. */
export async function orHostFile<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = systemCode(cause);
    if (code === undefined) throw cause;
    const reason = REASONS[code] ?? code;
    throw new UsherCommandError('host-file', `${path} can not be ${what}: ${reason}`, {
      cause,
      ...(reason === 'you may not' ? { hint: 'run this as root' } : {}),
    });
  }
}

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return SYSTEM_CODE.test(String(error.code)) ? String(error.code) : undefined;
}
