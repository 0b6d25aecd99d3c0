import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIfThere, writeAtomically } from '../../cli/atomic-file.ts';
import { loadMemory, memoryFile, remember } from '../../cli/authority/memory.ts';
import type { Settings } from '../../cli/authority/settings.ts';
import {
  changeSettings,
  listAuthorities,
  loadSettings,
  saveSettings,
  settingsFile,
} from '../../cli/authority/settings.ts';
import type { Paths } from '../../cli/paths.ts';
import { pathsFrom } from '../../cli/paths.ts';

let home: string;
let paths: Paths;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'usher-test-settings-'));
  paths = pathsFrom({ HOME: home });
});
afterEach(() => rm(home, { recursive: true, force: true }));

const settings = (origin: string): Settings => ({
  version: 1,
  origin,
  rpId: new URL(origin).hostname,
  person: 'alice',
  bundleKey: `SHA256:${'A'.repeat(43)}`,
});
const failing = (code: string) => expect.objectContaining({ code });

describe('settings', () => {
  it('follow the XDG directories, relative ones ignored', () => {
    const env = { HOME: '/home/a', XDG_CONFIG_HOME: '/etc/x', XDG_STATE_HOME: 'relative' };
    expect(pathsFrom(env)).toEqual({
      authorities: '/etc/x/usher/authorities',
      defaultAuthority: '/etc/x/usher/default-authority',
      state: '/home/a/.local/state/usher',
    });
  });

  it('are refused when there are none, when several and none is chosen, when unreadable', async () => {
    await expect(loadSettings(paths, undefined)).rejects.toThrow(failing('not-enrolled'));
    await expect(loadSettings(paths, 'ca.example.org')).rejects.toThrow(failing('not-enrolled'));
    await saveSettings(paths, settings('https://a.example'));
    await saveSettings(paths, settings('https://b.example'));
    await rm(paths.defaultAuthority);
    await expect(loadSettings(paths, undefined)).rejects.toThrow(failing('not-enrolled'));
    await writeFile(settingsFile(paths, 'a.example'), '{"version":1}');
    await expect(loadSettings(paths, 'a.example')).rejects.toThrow(failing('bad-settings'));
  });

  it.each([['../x'], ['/etc/passwd'], ['a/b'], [''], ['.'], ['..']])('are never looked for at %j', (name) => {
    expect(() => settingsFile(paths, name)).toThrow(failing('usage'));
  });

  it('of the first authority are the default ones, until another is made so', async () => {
    await saveSettings(paths, settings('https://b.example'));
    await saveSettings(paths, settings('http://localhost:8022'));
    expect(await listAuthorities(paths)).toEqual(['b.example', 'localhost:8022']);
    expect((await loadSettings(paths, undefined)).origin).toBe('https://b.example');
    expect((await loadSettings(paths, 'localhost:8022')).origin).toBe('http://localhost:8022');
    await saveSettings(paths, settings('http://localhost:8022'), true);
    expect((await loadSettings(paths, undefined)).origin).toBe('http://localhost:8022');
  });

  it('keep every change when several commands change them at once', async () => {
    await saveSettings(paths, settings('https://a.example'));
    const next = `SHA256:${'B'.repeat(43)}`;
    const access = { logins: ['alice'], hosts: ['*'], defaultLifetime: 60, maxLifetime: 60 };
    await Promise.all([
      changeSettings(paths, 'a.example', (current) => ({ ...current, nextBundleKey: next })),
      changeSettings(paths, 'a.example', (current) => ({ ...current, access })),
      changeSettings(paths, 'a.example', (current) => ({ ...current, with: 'soft' })),
    ]);
    const kept = { ...settings('https://a.example'), nextBundleKey: next, access, with: 'soft' };
    expect(await loadSettings(paths, 'a.example')).toEqual(kept);
    expect(await listAuthorities(paths)).toEqual(['a.example']);
  });

  it('are readable by the person alone', async () => {
    await saveSettings(paths, settings('https://a.example'));
    expect((await stat(settingsFile(paths, 'a.example'))).mode & 0o777).toBe(0o600);
    expect((await stat(paths.authorities)).mode & 0o777).toBe(0o700);
  });
});

describe('what is remembered of an authority', () => {
  it('keeps what another command wrote meanwhile', async () => {
    await remember(paths, 'a.example', { checkpoint: 'one' });
    await remember(paths, 'a.example', { bundle: { statement: 'AA', signature: 'AA' } });
    expect(await loadMemory(paths, 'a.example')).toMatchObject({
      checkpoint: 'one',
      bundle: { statement: 'AA' },
    });
  });

  it('is not silently forgotten when its file is broken', async () => {
    const file = memoryFile(paths, 'a.example');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '{"version":1,"checkpoint":');
    await expect(loadMemory(paths, 'a.example')).rejects.toThrow(failing('bad-settings'));
    await expect(remember(paths, 'a.example', { checkpoint: 'x' })).rejects.toThrow(failing('bad-settings'));
  });
});

describe('a file that is written', () => {
  it('is there whole or as it was, and leaves nothing beside it', async () => {
    const path = join(home, 'file');
    await writeAtomically(path, 'old', 0o600);
    await mkdir(join(home, 'taken'));
    // A directory can not be replaced: the rename fails after everything was written.
    await expect(writeAtomically(join(home, 'taken'), 'new', 0o600)).rejects.toThrow('EISDIR');
    await writeAtomically(path, 'new', 0o644);
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o644);
    expect((await readdir(home)).sort()).toEqual(['file', 'taken']);
  });

  it('is not read when it is too large', async () => {
    await writeAtomically(join(home, 'file'), 'xxxx', 0o600);
    await expect(readIfThere(join(home, 'file'), 3)).rejects.toThrow(RangeError);
    expect(await readIfThere(join(home, 'file'), 4)).toBe('xxxx');
    expect(await readIfThere(join(home, 'none'), 4)).toBeUndefined();
  });
});
