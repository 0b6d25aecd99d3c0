/** What the script does not take from an authority that somebody has, keys and all, and what nobody on the host can hide from it. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeKrl } from '../../../src/ssh/krl.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { HOST_PROGRAM_PARTS, HOST_PROGRAMS } from '../../support/host-program.ts';
import { generateKey } from '../../support/keys.ts';
import { haveParts } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import type { Fleet } from './fleet.ts';
import { ROSTER, startFleet } from './fleet.ts';
import * as tampering from './tampering.ts';

const isPossible = haveParts({ ...HOST_PARTS, ...HOST_PROGRAM_PARTS });
const SHELLS = HOST_PROGRAMS.filter((name) => name !== 'usher');
const CERTIFICATE = 'ssh_host_ed25519_key-cert.pub';
const FAR = 10 * 365 * 86_400;
const caLine = () => `${formatPublicKeyLine(generateKey('ssh-ed25519').publicKey)} ca\n`;

describe.runIf(isPossible).each(SHELLS)('a host of a stolen authority, kept by %s', (program) => {
  let fleet: Fleet;
  let host: HostMachine;

  beforeAll(async () => {
    fleet = await startFleet();
    host = await fleet.start('web1', program);
    await host.mustEnroll(await fleet.invite('web1'));
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });
  afterEach(() => {
    fleet.relay.meddle = undefined;
    fleet.relay.isDown = false;
  });

  async function refuses(reason: string) {
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 1, stderr: expect.stringContaining(reason) });
  }

  async function isWell() {
    fleet.relay.meddle = undefined;
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  it('has no number that keeps every later bundle away', async () => {
    fleet.relay.meddle = tampering.stating(fleet, (each) => ({ ...each, number: each.number + FAR }));
    await refuses('future');
    await isWell();
  });

  it('has no number that keeps every later list of revoked keys away', async () => {
    const number = BigInt(Math.floor(Date.now() / 1000) + FAR);
    const none = { comment: '', certificates: [], keys: [], fingerprints: [] };
    const krl = encodeKrl({ number, generatedAt: 1n, ...none });
    fleet.relay.meddle = tampering.files(fleet, () => ({ revoked_keys: krl }));
    await refuses('future');
    await isWell();
  });

  it('keeps the keys for sudo that are not of the last bundle, plain or linked, and takes what its own follows', async () => {
    const placed = join(host.directory, 'sudo_ca.pub');
    const own = await readFile(placed, 'utf8');
    const theirs = caLine();
    for (const put of [
      () => writeFile(placed, theirs),
      () => runOrThrow('ln', ['-sfn', '/nowhere', placed]),
    ]) {
      await put();
      await refuses('stay as they are');
      expect(await readFile(placed, 'utf8').catch(() => theirs)).toBe(theirs);
    }
    await runOrThrow('rm', [placed]);
    await isWell();
    expect(await readFile(placed, 'utf8')).toBe(own);
    const next = caLine();
    fleet.relay.meddle = tampering.files(fleet, () => ({ 'sudo_ca.pub': new TextEncoder().encode(next) }));
    expect(await host.sync()).toMatchObject({ code: 0 });
    expect(await readFile(placed, 'utf8')).toBe(next);
    await isWell();
  });

  it.each([
    ['names', 'web2', '+30d', 'host'],
    ['life', 'web1,names.example.org', '+400d', 'host'],
    ['CA', 'web1,names.example.org', '+30d', 'login'],
  ])(
    'shows no certificate with another %s, also when the CA key for it is real',
    async (_what, names, until, ca) => {
      const before = await host.file(CERTIFICATE);
      await fleet.loadRoster(ROSTER.replace('web1.example.org', 'names.example.org'));
      const lines: string[] = [];
      for (const key of host.keys) {
        const authority = join(fleet.usherd.dir, 'keys', ca);
        const what = ['-h', '-I', 'forged', '-n', names, '-V', `-1m:${until}`];
        await runOrThrow('ssh-keygen', ['-q', '-s', authority, ...what, `${key}.pub`]);
        const [type, blob] = (await readFile(`${key}-cert.pub`, 'utf8')).split(' ');
        lines.push(`certificate ${type} ${blob}`);
      }
      fleet.relay.meddle = tampering.saying(tampering.CERTIFICATES, (reply) => {
        const head = Buffer.from(reply.body).toString().split('\n').slice(0, 3);
        return { ...reply, body: Buffer.from(`${[...head, ...lines].join('\n')}\n`) };
      });
      await refuses('no host certificate that it may show');
      expect(await host.file(CERTIFICATE)).toBe(before);
    },
  );

  it('is well again after that, and shows its names', async () => {
    await isWell();
  });

  it('says that a certificate was accepted whose line sshd cut', async () => {
    const line = 'Accepted publickey for root from 127.0.0.1 port 1 ssh2: ED25519-CERT SHA256:AA ID long';
    await appendFile(host.log, `${line}\n`);
    await refuses('cut off');
    await isWell();
  });

  it('reads on, however much somebody writes, and hears of the one after it', async () => {
    const shown = await runOrThrow('ssh-keygen', ['-l', '-f', join(host.directory, 'login_ca.pub')]);
    const [ca = ''] = /SHA256:\S+/.exec(shown) ?? [];
    const accepted = (serial: number) =>
      `Accepted publickey for x from ::1 port 1 ssh2: ED25519-CERT SHA256:AA ID x (serial ${serial}) CA ED25519 ${ca}\n`;
    const many = Array.from({ length: 2_500 }, (_each, index) => accepted(index + 1_000_000)).join('');
    await appendFile(host.log, many);
    const position = () => readFile(join(host.state, 'seen'), 'utf8');
    const before = await position();
    await host.sync();
    const first = await position();
    expect(first).not.toBe(before);
    await refuses('more is written');
    expect(await position()).not.toBe(first);
    await isWell();
  });

  it('says with its exit code that nobody answers and its last bundle is not fresh any more', async () => {
    const soon = Math.floor(Date.now() / 1000) + 15;
    fleet.relay.meddle = tampering.stating(fleet, (each) => ({ ...each, freshUntil: soon }));
    expect(await host.sync()).toMatchObject({ code: 0 });
    fleet.relay.isDown = true;
    await expect.poll(() => Math.floor(Date.now() / 1000), { timeout: 30_000 }).toBeGreaterThan(soon);
    await refuses('no longer fresh');
  });
});
