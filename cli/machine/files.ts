/** The file system of a host as a sync changes it: a port, so that a test can let it fail at each step. */
export interface MachineFiles {
  /** @returns undefined when there is nothing. Links are never followed. */
  read(path: string): Promise<FoundFile | undefined>;
  /** Names in a directory; none when there is no such directory. */
  list(directory: string): Promise<readonly string[]>;
  /** On the disk when it resolves, with exactly this mode: the old file or the new one, never a part. */
  write(path: string, contents: Uint8Array, mode: number): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes it where it is missing. @throws UsherCommandError `host-file` when others could change what is in it. */
  makeDirectory(path: string, mode: number): Promise<void>;
}

export type FoundFile =
  | {
      readonly kind: 'plain';
      readonly contents: Uint8Array;
      readonly mode: number;
      readonly isRoots: boolean;
    }
  /** A link, a directory, a device, or larger than anything of ours: never read, replaced at most. */
  | { readonly kind: 'odd' };

/** Everybody reads what a host trusts: pam-ussh does so as the person who calls sudo. */
export const PUBLIC_MODE = 0o644;
export const DIRECTORY_MODE = 0o755;
export const SECRET_MODE = 0o600;

/** @returns undefined when there is no plain file. */
export async function readPlain(files: MachineFiles, path: string): Promise<Uint8Array | undefined> {
  const found = await files.read(path);
  return found?.kind === 'plain' ? found.contents : undefined;
}

export async function readPlainText(files: MachineFiles, path: string): Promise<string | undefined> {
  const contents = await readPlain(files, path);
  return contents === undefined ? undefined : new TextDecoder().decode(contents);
}

export function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
