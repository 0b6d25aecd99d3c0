/** The CA key for logins is replaced while people log in all the time, to three hosts that different programs keep. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActTouchReply } from '../../../src/http/contract/acts.ts';
import { fingerprint, parsePublicKeyLine } from '../../../src/ssh/public-key.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { HOST_PROGRAM_PARTS } from '../../support/host-program.ts';
import { haveParts } from '../../support/parts.ts';
import type { ProgramResult } from '../../support/run.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { startFleet } from './fleet.ts';

const PROGRAMS = ['usher', 'dash', 'busybox'] as const;

const isPossible = haveParts({ ...HOST_PARTS, ...HOST_PROGRAM_PARTS });

describe.runIf(isPossible)('the CA key for logins is replaced', () => {
  let fleet: Fleet;
  const hosts: HostMachine[] = [];
  /** Whoever logs in now. */
  let login: LoginFiles;
  /** Signed by the key that goes. */
  let old: LoginFiles;
  let stream: LoginStream;

  beforeAll(async () => {
    fleet = await startFleet();
    for (const [index, program] of PROGRAMS.entries())
      hosts.push(await fleet.start(`web${index + 1}`, program));
    for (const host of hosts) await host.mustEnroll(await fleet.invite(host.name));
    old = await fleet.login();
    login = old;
    stream = new LoginStream(hosts, (host) =>
      host.visit({ identityFile: login.identityFile, knownHosts: fleet.knownHosts }),
    );
  });
  afterAll(async () => {
    await stream?.end();
    for (const host of hosts) await host[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  const visit = (host: HostMachine, { identityFile }: LoginFiles) =>
    host.visit({ identityFile, knownHosts: fleet.knownHosts });

  async function syncAll(): Promise<void> {
    for (const host of hosts) expect(await host.sync()).toMatchObject({ code: 0 });
  }

  it('by stages, and no login fails', { timeout: 180_000 }, async () => {
    const reloads = await Promise.all(hosts.map((host) => host.reloads()));
    await stream.passes(1);
    const key = keyOf(await fleet.keep({ kind: 'stage-ca', purpose: 'login', key: '' }));
    const activate = { kind: 'activate-ca', purpose: 'login', key, evenWithout: [] } as const;
    await expect(fleet.keep(activate)).rejects.toThrow('these hosts do not trust the key yet');
    await syncAll();
    await fleet.keep(activate);
    await stream.passes(1);
    login = await fleet.login();
    await stream.passes(1);
    await syncAll();
    await stream.passes(1);
    // The key that was replaced is trusted until what it signed has ended.
    for (const host of hosts) expect(await visit(host, old)).toMatchObject({ code: 0 });
    expect(await Promise.all(hosts.map((host) => host.reloads()))).toEqual(reloads);
    expect(stream.failures).toEqual([]);
  });

  it('a revoked certificate is refused by each host after one sync, and everybody else goes on', async () => {
    const target = { kind: 'serial', name: String(old.serial) } as const;
    await fleet.keep({ kind: 'revoke', target, reason: 'laptop lost' });
    await syncAll();
    for (const host of hosts) expect(await visit(host, old)).toMatchObject({ code: 255 });
    await stream.passes(1);
    expect(stream.failures).toEqual([]);
  });

  it('a key that was stolen logs nobody in any more', async () => {
    await stream.end();
    const forged = await fleet.forge(4_711_000_000_000_000_001n);
    for (const host of hosts) expect(await visit(host, forged)).toMatchObject({ code: 0 });
    const key = fingerprint(parsePublicKeyLine(await fleet.caLine('login')).key);
    await fleet.keep({ kind: 'revoke-ca', purpose: 'login', key, reason: 'found on a laptop' });
    await syncAll();
    for (const host of hosts) {
      expect(await visit(host, forged)).toMatchObject({ code: 255 });
      expect(await visit(host, login)).toMatchObject({ code: 0 });
    }
  });
});

function keyOf(reply: ActTouchReply): string {
  if (reply.state !== 'done' || reply.result.kind !== 'ca-key') throw new Error(JSON.stringify(reply));
  return fingerprint(parsePublicKeyLine(reply.result.key).key);
}

/** Logs in to all hosts, one after the other, again and again. */
class LoginStream {
  readonly failures: string[] = [];
  readonly #hosts: readonly HostMachine[];
  readonly #visit: (host: HostMachine) => Promise<ProgramResult>;
  readonly #running: Promise<void>;
  #rounds = 0;
  #isEnding = false;

  constructor(hosts: readonly HostMachine[], visit: (host: HostMachine) => Promise<ProgramResult>) {
    this.#hosts = hosts;
    this.#visit = visit;
    this.#running = this.#run();
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  /** Until every host was visited so many times more, from a visit that begins now on. */
  async passes(rounds: number): Promise<void> {
    const until = this.#rounds + rounds + 1;
    while (this.#rounds < until) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async #run(): Promise<void> {
    for (; !this.#isEnding; this.#rounds++)
      for (const host of this.#hosts) {
        const { code, stderr } = await this.#visit(host);
        if (code !== 0) this.failures.push(`${host.name}: ${stderr}`);
      }
  }
}
