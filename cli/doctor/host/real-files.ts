/** Reads the files of this host, or of one that lies below a directory: an image, a container, a test. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FileFact } from '../../../src/pam-ussh/facts.ts';
import type { HostFiles, Owner } from './files.ts';

/** More than any file of sudo, PAM or sshd has; the module itself has some megabytes. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** The kernel's own bound. */
const MAX_LINKS = 40;

export function hostFiles(root: string): HostFiles {
  return {
    read: (path) => read(root, path),
    list: (path) => orElse(() => readdirSync(join(root, resolve(root, path).path)).sort(), []),
    way: (path) => orElse(() => resolve(root, path).way, undefined),
    modified: (path) =>
      orElse(() => Math.floor(statSync(join(root, resolve(root, path).path)).mtimeMs / 1000), undefined),
  };
}

function read(root: string, path: string): FileFact {
  try {
    const real = join(root, resolve(root, path).path);
    const state = statSync(real);
    if (state.isDirectory()) return { kind: 'directory' };
    // Reading a pipe or a device may never end.
    if (!state.isFile() || state.size > MAX_FILE_BYTES)
      return { kind: 'error', message: `open ${path}: not a plain file of this kind` };
    return { kind: 'bytes', bytes: new Uint8Array(readFileSync(real)) };
  } catch (cause) {
    return { kind: 'error', message: `open ${path}: ${reasonOf(cause)}` };
  }
}

interface Resolved {
  readonly path: string;
  readonly way: readonly Owner[];
}

/**
 * Follows links below `root`, as the host would: `/etc/static` in a link means the host's, not ours, and no `..` leads out.
 * @throws the system's error when there is nothing, or nothing that we may see.
 */
function resolve(root: string, path: string): Resolved {
  const todo = path.split('/');
  const way: Owner[] = [];
  let here = '/';
  for (let links = 0; ; ) {
    const name = todo.shift();
    if (name === undefined) return { path: here, way };
    if (name === '' || name === '.') continue;
    const next = join(here, name);
    const state = lstatSync(join(root, next));
    if (!state.isSymbolicLink()) {
      way.push({ path: next, uid: state.uid, gid: state.gid, mode: state.mode & 0o7777 });
      here = next;
      continue;
    }
    if (++links > MAX_LINKS) throw new Error('too many links');
    const target = readlinkSync(join(root, next));
    if (target.startsWith('/')) here = '/';
    todo.unshift(...target.split('/'));
  }
}

function orElse<T>(find: () => T, otherwise: T): T {
  try {
    return find();
  } catch {
    return otherwise;
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'no such file or directory';
  if (code === 'EACCES') return 'permission denied';
  return 'it can not be read';
}
