/** Whom `ssh` believes: with StrictHostKeyChecking, by the CA key and the names of the roster, and nobody else. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsherCommandError } from '../../../cli/error.ts';
import { openMachine } from '../../../cli/machine/open.ts';
import { realFiles } from '../../../cli/machine/real-files.ts';
import { syncHost } from '../../../cli/machine/sync.ts';
import { realSurroundings } from '../../../cli/real-surroundings.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { generateKey } from '../../support/keys.ts';
import { haveParts } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { startFleet } from './fleet.ts';

const DAY = 86_400;

describe.runIf(haveParts(HOST_PARTS))('a host that is enrolled', () => {
  let fleet: Fleet;
  let host: HostMachine;
  let login: LoginFiles;

  beforeAll(async () => {
    fleet = await startFleet();
    host = await fleet.start('web1', 'usher');
    await host.mustEnroll(await fleet.invite('web1'));
    login = await fleet.login();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  const visit = (knownHosts: readonly string[] = fleet.knownHosts) => host.visit({ ...login, knownHosts });

  /** Puts certificates of our making in place of its own, and takes them away again. */
  async function showing(names: string, validity: string, work: () => Promise<void>): Promise<void> {
    for (const key of host.keys) {
      const what = ['-h', '-I', 'forged', '-n', names, '-z', '7', '-V', validity];
      await runOrThrow('ssh-keygen', [
        '-q',
        '-s',
        join(fleet.usherd.dir, 'keys/host'),
        ...what,
        `${key}.pub`,
      ]);
      const name = key.slice(key.lastIndexOf('/') + 1);
      await runOrThrow('mv', [`${key}-cert.pub`, join(host.directory, `${name}-cert.pub`)]);
    }
    await host.reload();
    await work();
  }

  async function isRefused(knownHosts?: readonly string[]): Promise<void> {
    const result = await visit(knownHosts);
    expect(result, result.stderr).toMatchObject({
      code: 255,
      stderr: expect.stringContaining('Host key verification failed'),
    });
  }

  it('is believed, and is nobody to those who know no CA key, or another one', async () => {
    expect(await visit()).toMatchObject({ code: 0 });
    await isRefused([]);
    await isRefused([`@cert-authority web1 ${formatPublicKeyLine(generateKey('ssh-ed25519').publicKey)}`]);
  });

  it('is not believed under the names of others', async () => {
    const line = await fleet.caLine('host');
    await isRefused([`@cert-authority web2,web3 ${line}`]);
    await showing('web2', '-1m:+1h', isRefused);
  });

  it('is not believed by a certificate that is over', async () => {
    await showing('web1', '-2h:-1h', isRefused);
  });

  it('puts its own certificates right again, and is believed', async () => {
    await host.sync();
    const result = await visit();
    expect(result, result.stderr).toMatchObject({ code: 0 });
  });

  describe('while nobody answers', () => {
    const sync = async (later: number) => {
      let said = '';
      const real = realSurroundings();
      const surroundings = {
        ...real,
        now: () => real.now() + later,
        stderr: { write: (text: string) => (said += text) },
      };
      fleet.relay.isDown = true;
      try {
        await syncHost(await openMachine(surroundings, realFiles, host.state));
      } finally {
        fleet.relay.isDown = false;
      }
      return said;
    };

    it('goes on for a week', async () => {
      expect(await sync(7 * DAY - 300)).toContain('is good until');
    });

    it('is loud after it, and has put right what it could', async () => {
      await writeFile(join(host.directory, 'login_ca.pub'), '');
      await expect(sync(7 * DAY + 300)).rejects.toSatisfy(
        (error) =>
          error instanceof UsherCommandError && error.exitCode === 1 && error.message.includes('stale'),
      );
      expect(await host.file('login_ca.pub')).not.toBe('');
      expect(await visit()).toMatchObject({ code: 0 });
    });
  });
});
