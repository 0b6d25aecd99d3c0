/** The CA key for hosts is stolen: each host shows a certificate by the next key after one sync, which people believe. */
import { describe, expect, it } from 'vitest';
import { parseCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { fingerprint, parsePublicKeyLine } from '../../../src/ssh/public-key.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { HOST_PROGRAM_PARTS, HOST_PROGRAMS } from '../../support/host-program.ts';
import { haveParts } from '../../support/parts.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { startFleet } from './fleet.ts';

const isPossible = haveParts({ ...HOST_PARTS, ...HOST_PROGRAM_PARTS });

describe.runIf(isPossible)('hosts that different programs keep', () => {
  it('get new certificates as soon as there is a key that signs them', { timeout: 240_000 }, async () => {
    await using fleet = await startFleet();
    await using kept = new AsyncDisposableStack();
    const hosts: HostMachine[] = [];
    for (const [index, program] of HOST_PROGRAMS.entries()) {
      const host = kept.use(await fleet.start(`web${index + 1}`, program));
      await host.mustEnroll(await fleet.invite(host.name));
      hosts.push(host);
    }
    const before = await Promise.all(hosts.map(certificateOf));
    const [stolen] = before.map(({ authority }) => fingerprint(authority));
    await fleet.keep({ kind: 'revoke-ca', purpose: 'host', key: stolen ?? '', reason: 'stolen' });
    for (const [index, host] of hosts.entries()) await keepsIts(host, before[index]?.serial);
    const line = await replace(fleet);
    const login = await fleet.login();
    for (const host of hosts) await getsOneBy(host, line, login);
  });
});

async function keepsIts(host: HostMachine, serial: bigint | undefined): Promise<void> {
  const none = await host.sync();
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/the host certificates were not renewed/);
  expect((await certificateOf(host)).serial).toBe(serial);
}

async function getsOneBy(host: HostMachine, line: string, login: LoginFiles): Promise<void> {
  const synced = await host.sync();
  expect(synced, synced.stderr).toMatchObject({ code: 0 });
  const after = await certificateOf(host);
  expect(fingerprint(after.authority)).toBe(fingerprint(parsePublicKeyLine(line).key));
  const visit = await host.visit({ ...login, knownHosts: [`@cert-authority ${host.name} ${line}`] });
  expect(visit, visit.stderr).toMatchObject({ code: 0 });
  await host.sync();
  expect((await certificateOf(host)).serial).toBe(after.serial);
}

async function certificateOf(host: HostMachine) {
  return parseCertificateLine(await host.file('ssh_host_ed25519_key-cert.pub')).certificate.fields;
}

/** @returns the public key line of the key for hosts that signs from now on */
async function replace(fleet: Fleet): Promise<string> {
  const staged = await fleet.keep({ kind: 'stage-ca', purpose: 'host', key: '' });
  const line = staged.state === 'done' && staged.result.kind === 'ca-key' ? staged.result.key : '';
  const key = fingerprint(parsePublicKeyLine(line).key);
  await fleet.keep({ kind: 'activate-ca', purpose: 'host', key, evenWithout: [] });
  return line;
}
