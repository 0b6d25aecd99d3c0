/** Putting files in place, with a program in the place of sshd that says what a test wants. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { install } from '../../../cli/machine/install.ts';
import type { Machine } from '../../../cli/machine/machine.ts';
import type { FileChange } from '../../../cli/machine/plan.ts';
import { realFiles } from '../../../cli/machine/real-files.ts';
import { MachineState } from '../../../cli/machine/state.ts';
import { realSurroundings } from '../../../cli/real-surroundings.ts';
import { generateKey } from '../../support/keys.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

let root: string;
let machine: Machine;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'usher-test-install-'));
  await mkdir(join(root, 'state'));
  await writeFile(join(root, 'old'), 'old');
  await writeFile(join(root, 'sshd_config'), '');
  await sshdRefuses('false');
  machine = makeMachine(`echo reloaded >> ${root}/reloads`);
});
afterEach(() => rm(root, { recursive: true }));

function makeMachine(reload: string): Machine {
  const key = generateKey('ssh-ed25519');
  return {
    surroundings: { ...realSurroundings(), stderr: { write: () => undefined } },
    files: realFiles,
    state: new MachineState(join(root, 'state'), realFiles),
    settings: {
      ...{ authority: 'https://ca.example.org', host: 'web1', bundleKey: key.publicKey, reload },
      ...{ directory: root, hostKeys: [], authLog: 'journal', pamUssh: '/none' },
      ...{ sshd: join(root, 'sshd'), sshdConfig: join(root, 'sshd_config'), dropIn: join(root, 'drop-in') },
    },
    keys: [{ path: join(root, 'key'), key }],
  };
}

/** @param condition of the shell; `$3` is the configuration that is tested. */
async function sshdRefuses(condition: string): Promise<void> {
  await writeFile(join(root, 'sshd'), `#!/bin/sh\nif ${condition}; then echo 'no' >&2; exit 1; fi\n`);
  await chmod(join(root, 'sshd'), 0o755);
}

async function change(name: string, after: string | undefined, needsReload = false): Promise<FileChange> {
  const path = join(root, name);
  return {
    path,
    before: await realFiles.read(path),
    after: after === undefined ? undefined : bytes(after),
    needsReload,
  };
}

const text = (name: string) => readFile(join(root, name), 'utf8');
const isThere = (name: string) => existsSync(join(root, name));

describe('what a run changes', () => {
  it('is in place, and sshd is told only of what it does not read by itself', async () => {
    await install(machine, [await change('old', 'new'), await change('fresh', 'fresh')]);
    expect([await text('old'), await text('fresh'), isThere('reloads')]).toEqual(['new', 'fresh', false]);
    await install(machine, [await change('old', undefined), await change('drop-in', 'lines', true)]);
    expect([isThere('old'), await text('drop-in'), await text('reloads')]).toEqual([
      false,
      'lines',
      'reloaded\n',
    ]);
  });

  it('stays when sshd would not start with our lines, which alone are taken back', async () => {
    await sshdRefuses(`[ -e ${root}/drop-in ]`);
    const changes = [await change('old', 'new'), await change('drop-in', 'lines', true)];
    expect(await install(machine, changes)).toEqual([expect.stringContaining('has its old ones again')]);
    expect([await text('old'), isThere('drop-in'), isThere('reloads')]).toEqual(['new', false, false]);
    expect(await install(machine, [])).toEqual([]);
    expect(isThere('reloads')).toBe(false);
  });

  it('keeps its certificates when only our lines are wrong, and sshd is told of them', async () => {
    await sshdRefuses(`[ -e ${root}/drop-in ]`);
    const changes = [await change('certificate', 'new', true), await change('drop-in', 'lines', true)];
    expect(await install(machine, changes)).toHaveLength(1);
    expect([isThere('certificate'), isThere('drop-in'), await text('reloads')]).toEqual([
      true,
      false,
      'reloaded\n',
    ]);
  });

  it('is taken back where certificates are wrong, and no list with them', async () => {
    await sshdRefuses(`[ -e ${root}/certificate ]`);
    const changes = [await change('old', 'new'), await change('certificate', 'new', true)];
    expect(await install(machine, changes)).toHaveLength(1);
    expect([await text('old'), isThere('certificate'), isThere('reloads')]).toEqual(['new', false, false]);
  });

  it('stays, but for our lines, when somebody else broke the configuration; the reload is made up for', async () => {
    await sshdRefuses('true');
    const changes = [await change('old', 'new', true), await change('drop-in', 'lines', true)];
    expect(await install(machine, changes)).toEqual([expect.stringContaining('was not reloaded')]);
    expect([await text('old'), isThere('drop-in'), isThere('reloads')]).toEqual(['new', false, false]);
    await sshdRefuses('false');
    expect(await install(machine, [])).toEqual([]);
    expect(await text('reloads')).toBe('reloaded\n');
  });

  it('never puts lines in place that sshd was not asked about', async () => {
    // Not once: what is there at a crash, sshd reads when it starts.
    await sshdRefuses(
      `grep -q '^Include /.*/lines' "$3" || { [ -e ${root}/drop-in ] && touch ${root}/seen; }`,
    );
    expect(await install(machine, [await change('drop-in', 'lines', true)])).toEqual([
      expect.stringContaining(': no'),
    ]);
    expect([isThere('drop-in'), isThere('seen')]).toEqual([false, false]);
  });

  it('is not written over what somebody changed since it was decided', async () => {
    const changes = [await change('old', 'new')];
    await writeFile(join(root, 'old'), 'newer');
    await expect(install(machine, changes)).rejects.toThrow('changed meanwhile');
    expect(await text('old')).toBe('newer');
  });
});

it('a reload that failed is tried again', async () => {
  const failing = { ...machine, settings: { ...machine.settings, reload: 'exit 1' } };
  expect(await install(failing, [await change('drop-in', 'lines', true)])).toEqual([
    expect.stringContaining('not reloaded'),
  ]);
  await install(machine, []);
  expect(await text('reloads')).toBe('reloaded\n');
  await install(machine, []);
  expect(await text('reloads')).toBe('reloaded\n');
});
