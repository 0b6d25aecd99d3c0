/** The script where there is nothing but BusyBox, curl, flock and OpenSSH: no coreutils, no GNU tar, no GNU sed or awk. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { HOST_PROGRAM_PARTS } from '../../support/host-program.ts';
import { haveParts, program } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import type { Fleet } from './fleet.ts';
import { ROSTER, startFleet } from './fleet.ts';

const OTHERS = ['curl', 'flock', 'ssh-keygen', 'sshd'] as const;
const PARTS = { ...HOST_PARTS, ...HOST_PROGRAM_PARTS, 'ssh-keygen': 'openssh-client' };

describe.runIf(haveParts(PARTS))('a host that has little', () => {
  let fleet: Fleet;
  let host: HostMachine;
  let programs: string;

  beforeAll(async () => {
    programs = await mkdtemp(join(tmpdir(), 'usher-test-applets-'));
    await makePrograms(programs);
    fleet = await startFleet();
    host = await fleet.start('web1', 'busybox');
    const script = join(host.state, '../../../usher-host');
    const text = await readFile(script, 'utf8');
    const changed = text.replace(/^export PATH=\S+/m, `export PATH=${programs}`);
    expect(changed).not.toBe(text);
    await writeFile(script, changed);
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
    await rm(programs, { recursive: true, force: true });
  });

  it('is enrolled, kept, and puts right what somebody changed', async () => {
    await host.mustEnroll(await fleet.invite('web1'));
    const login = await fleet.login();
    const visit = () => host.visit({ ...login, knownHosts: fleet.knownHosts });
    expect(await visit()).toMatchObject({ code: 0 });
    await fleet.loadRoster(ROSTER.replace('web1.example.org', 'www.example.org'));
    await writeFile(join(host.directory, 'login_ca.pub'), 'nothing\n');
    await writeFile(join(host.directory, 'principals/mallory'), 'root\n');
    expect(await host.sync('--dry-run')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('-nothing'),
    });
    await fleet.keep({
      kind: 'revoke',
      target: { kind: 'serial', name: String(login.serial) },
      reason: 'lost',
    });
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(await visit()).toMatchObject({ code: 255 });
    expect(await host.file('login_ca.pub')).not.toContain('nothing');
    await expect(host.file('principals/mallory')).rejects.toThrow('ENOENT');
    expect((await host.sync()).stderr).toBe('');
  });
});

/** Every applet under its name; what BusyBox does not have is only what the script says that it needs. */
async function makePrograms(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const applets = (await runOrThrow(program('busybox'), ['--list'])).trim().split('\n');
  const others: readonly string[] = OTHERS;
  for (const name of applets.filter((applet) => !others.includes(applet)))
    await symlink(program('busybox'), join(directory, name));
  for (const name of OTHERS) await symlink(program(name), join(directory, name));
}
