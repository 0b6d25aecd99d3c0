/** Files that are on the disk before anybody acts on them. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Puts a file in place of whatever is there: the old text or the new one, after a crash at any instant. */
export async function replaceDurably(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeDurably(draft, 'wx', text, mode);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncDirectory(path);
}

/** Appends in one write, so that two who append never mix their lines. */
export async function appendDurably(path: string, text: string, mode: number): Promise<void> {
  await writeDurably(path, 'a', text, mode);
  await syncDirectory(path);
}

async function writeDurably(path: string, flags: 'a' | 'wx', text: string, mode: number): Promise<void> {
  const file = await open(path, flags, mode);
  try {
    const bytes = Buffer.from(text);
    const { bytesWritten } = await file.write(bytes);
    if (bytesWritten !== bytes.length) throw new Error(`${path} was not written whole`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without this a new name may be lost in a power failure. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
