/** Files that are on the disk before anybody acts on them, and there whole or not at all, whatever happens while they are written. */
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

interface Rights {
  /** Less what the umask forbids. */
  readonly mode: number;
  /** Whether it gets this mode whatever the umask is. */
  readonly exactly?: boolean;
  /** User and group; its writer's when there is none. */
  readonly owner?: number;
}

/** Puts a file in place of whatever is there: the old contents or the new ones, after a crash at any instant. It has its rights before its name. */
export async function replaceFile(
  path: string,
  contents: string | Uint8Array,
  rights: Rights,
): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeNew(temporary, contents, rights);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Makes a file that is not there yet. @throws with code `EEXIST` when something has its name. */
export async function createFile(path: string, text: string, rights: Rights): Promise<void> {
  await writeNew(path, text, rights);
  await syncDirectory(dirname(path));
}

/** Appends in one write, so that two who append never mix their lines. */
export async function appendDurably(path: string, text: string, mode: number): Promise<void> {
  await durably(await open(path, 'a', mode), async (file) => {
    const bytes = Buffer.from(text);
    const { bytesWritten } = await file.write(bytes);
    if (bytesWritten !== bytes.length) throw new Error(`${path} was not written whole`);
  });
  await syncDirectory(dirname(path));
}

async function writeNew(
  path: string,
  contents: string | Uint8Array,
  { mode, exactly, owner }: Rights,
): Promise<void> {
  await durably(await open(path, 'wx', mode), async (file) => {
    await file.writeFile(contents);
    if (owner !== undefined) await file.chown(owner, owner);
    if (exactly === true) await file.chmod(mode);
  });
}

async function durably(file: FileHandle, write: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without this a new name may be lost in a power failure, or one that was removed come back. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
