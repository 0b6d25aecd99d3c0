import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realFiles } from '../../../cli/machine/real-files.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'usher-test-files-'));
  path = join(directory, 'file');
});
afterEach(() => rm(directory, { recursive: true }));

describe('a file', () => {
  it('has exactly its mode, whatever the umask is, and nothing lies beside it', async () => {
    for (const umask of [0, 0o077]) {
      const before = process.umask(umask);
      await realFiles.write(path, bytes('text'), 0o644).finally(() => process.umask(before));
      expect((await stat(path)).mode & 0o7777).toBe(0o644);
    }
    expect(await readdir(directory)).toEqual(['file']);
  });

  it('takes the place of a link, and what the link leads to stays', async () => {
    const elsewhere = join(directory, 'elsewhere');
    await writeFile(elsewhere, 'theirs');
    await symlink(elsewhere, path);
    expect(await realFiles.read(path)).toEqual({ kind: 'odd' });
    await realFiles.write(path, bytes('ours'), 0o644);
    expect(await readFile(elsewhere, 'utf8')).toBe('theirs');
    expect(await realFiles.read(path)).toMatchObject({ kind: 'plain', contents: bytes('ours'), mode: 0o644 });
  });

  it('is odd when it is a directory, and nothing when there is none', async () => {
    await mkdir(path);
    expect(await realFiles.read(path)).toEqual({ kind: 'odd' });
    expect(await realFiles.read(join(directory, 'none'))).toBeUndefined();
  });

  it('is written whole or not at all', async () => {
    await writeFile(path, 'old');
    await mkdir(join(directory, 'in-the-way'));
    await expect(realFiles.write(join(directory, 'in-the-way'), bytes('new'), 0o644)).rejects.toThrow(
      expect.objectContaining({ code: 'host-file' }),
    );
    expect((await readdir(directory)).sort()).toEqual(['file', 'in-the-way']);
  });
});

describe('a directory', () => {
  it('is made with exactly its mode, whatever the umask is', async () => {
    const made = join(directory, 'a/b');
    const before = process.umask(0o077);
    await realFiles.makeDirectory(made, 0o755).finally(() => process.umask(before));
    expect((await stat(made)).mode & 0o7777).toBe(0o755);
  });

  it.each([0o777, 0o775, 0o1777])('is refused when others may write it: %i', async (mode) => {
    await chmod(directory, mode);
    await expect(realFiles.makeDirectory(directory, 0o755)).rejects.toThrow('others may write');
  });

  it('is refused when it is a link', async () => {
    await symlink('/', path);
    await expect(realFiles.makeDirectory(path, 0o755)).rejects.toThrow('no directory');
  });
});
