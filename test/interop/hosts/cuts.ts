/** The plug is pulled, or the disk is full, while a program writes: sshd starts and lets people in, and the next run goes on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HostMachine } from '../../support/host-machine.ts';
import type { HostProgramName } from '../../support/host-program.ts';
import { program as path } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { ROSTER, startFleet } from './fleet.ts';

/** After how many changes in the host's directories it ends; a whole run with a renewal makes some fifty. */
const SYNC_CUTS = [1, 8, 17, 30];
const ENROLMENT_CUTS = [1, 6, 20];

export function describeCuts(program: HostProgramName): void {
  let fleet: Fleet;
  let login: LoginFiles;

  beforeAll(async () => {
    fleet = await startFleet();
    login = await fleet.login();
  });
  afterAll(() => fleet?.[Symbol.asyncDispose]());

  async function peopleLogIn(host: HostMachine): Promise<void> {
    const tested = await run(path('sshd'), ['-t', '-f', host.sshdConfig]);
    expect(tested, tested.stderr).toMatchObject({ code: 0 });
    const result = await host.visit({ ...login, knownHosts: fleet.knownHosts });
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  async function goesOn(host: HostMachine): Promise<void> {
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 0 });
    await peopleLogIn(host);
  }

  it('goes on after a kill at any moment of a run', async () => {
    await using host = await fleet.start('web1', program);
    await host.mustEnroll(await fleet.invite('web1'));
    for (const [index, cut] of SYNC_CUTS.entries()) {
      // Each run has certificates to renew, and files to change.
      await fleet.loadRoster(ROSTER.replace('web1.example.org', `cut${index}.example.org`));
      await killAfter(host, host.syncCommand(), cut);
      await peopleLogIn(host);
      const result = await host.sync();
      expect(result, result.stderr).toMatchObject({ code: 0 });
      expect(await host.file('ssh_host_ed25519_key-cert.pub')).not.toBe('');
    }
    await goesOn(host);
    expect(fleet.usherd.log()).not.toContain('ALARM');
  }, 300_000);

  it.each(ENROLMENT_CUTS)(
    'goes on by the same token after a kill at its enrolment, after %i changes',
    async (cut) => {
      await using host = await fleet.start('web2', program);
      const token = await fleet.invite('web2');
      await killAfter(host, await host.enrollCommand(token), cut);
      const tested = await run(path('sshd'), ['-t', '-f', host.sshdConfig]);
      expect(tested, tested.stderr).toMatchObject({ code: 0 });
      const again = await host.enroll(token);
      expect(again, again.stderr).toMatchObject({ code: 0 });
      await peopleLogIn(host);
    },
  );

  it.runIf(process.getuid?.() === 0)('stays as it is while the disk is full', async () => {
    await using disk = await smallDisk();
    await using host = await fleet.start('web3', program, disk.directory);
    await host.mustEnroll(await fleet.invite('web3'));
    const revoked = await fleet.login();
    const target = { kind: 'serial', name: String(revoked.serial) } as const;
    await fleet.keep({ kind: 'revoke', target, reason: 'test' });
    const filler = await fill(disk.directory);
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 1 });
    await rm(filler);
    await peopleLogIn(host);
    await goesOn(host);
    expect(await host.visit({ ...revoked, knownHosts: fleet.knownHosts })).toMatchObject({ code: 255 });
  });
}

/** Ends the program and everything that it has started, as if it never had been; or not, when it was done before. */
async function killAfter(
  host: HostMachine,
  [program = '', ...args]: readonly string[],
  changes: number,
): Promise<void> {
  const child = spawn(program, args, { detached: true, stdio: 'ignore', env: { ...process.env } });
  let left = changes;
  // The directory of the state may not be there yet: above it nobody else writes.
  const places = [dirname(host.state), dirname(host.directory)];
  const watchers = places.map((place) =>
    watch(place, { recursive: true }, () => void (--left === 0 && kill())),
  );
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  await once(child, 'exit');
  for (const watcher of watchers) watcher.close();
}

interface Disk extends AsyncDisposable {
  readonly directory: string;
}

async function smallDisk(): Promise<Disk> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-test-disk-'));
  await runOrThrow('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=755', 'tmpfs', directory]);
  return {
    directory,
    [Symbol.asyncDispose]: async () => {
      await runOrThrow('umount', ['-l', directory]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** @returns the file that takes all the room. */
async function fill(directory: string): Promise<string> {
  const path = join(directory, 'filler');
  const file = await open(path, 'wx');
  try {
    for (const size of [65_536, 4096, 1]) {
      const block = Buffer.alloc(size);
      while (
        await file.write(block).then(
          ({ bytesWritten }) => bytesWritten === size,
          () => false,
        )
      );
    }
  } finally {
    await file.close();
  }
  return path;
}
