/** The files of a host, from texts: all of root, readable by everybody, unless a test says otherwise. */
import type { HostFiles, Owner } from '../../../cli/doctor/host/files.ts';

interface TreeFile {
  readonly text?: string | Uint8Array;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly modified?: number;
  /** We are not root, and may not read it. */
  readonly forbidden?: boolean;
}

export type Tree = Readonly<Record<string, string | TreeFile>>;

/** Directories that a test wants to be special have no text. */
export function hostTree(tree: Tree): HostFiles {
  const entries = new Map(Object.entries(tree).map(([path, file]) => [path, asFile(file)]));
  const owner = (path: string): Owner => {
    const file = entries.get(path);
    const usual = file?.text === undefined ? 0o755 : 0o644;
    return { path, uid: file?.uid ?? 0, gid: file?.gid ?? 0, mode: file?.mode ?? usual };
  };
  const isThere = (path: string) =>
    [...entries.keys()].some((each) => each === path || each.startsWith(`${path}/`));
  return {
    read: (path) => {
      if (entries.get(path)?.forbidden === true)
        return { kind: 'error', message: `open ${path}: permission denied` };
      const text = entries.get(path)?.text;
      if (text !== undefined)
        return { kind: 'bytes', bytes: typeof text === 'string' ? Buffer.from(text) : text };
      if (isThere(path)) return { kind: 'directory' };
      return { kind: 'error', message: `open ${path}: no such file or directory` };
    },
    list: (path) => {
      const below = [...entries.keys()].filter((each) => each.startsWith(`${path}/`));
      return [...new Set(below.map((each) => each.slice(path.length + 1).split('/')[0] ?? ''))].sort();
    },
    way: (path) => (isThere(path) ? ancestors(path).map(owner) : undefined),
    modified: (path) => entries.get(path)?.modified,
  };
}

function asFile(file: string | TreeFile): TreeFile {
  return typeof file === 'string' ? { text: file } : file;
}

function ancestors(path: string): readonly string[] {
  const parts = path.split('/').slice(1);
  return parts.map((_part, index) => `/${parts.slice(0, index + 1).join('/')}`);
}
