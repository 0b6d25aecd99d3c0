/** Who answers in the authority's place, or took it over, without the CA key for hosts: no certificate that another key signed is ever shown. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  formatCertificatesReply,
  parseCertificatesReply,
} from '../../../src/fleet/host/certificates-reply.ts';
import { parseCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import { plainSigner } from '../../fleet/statements.ts';
import { issue } from '../../support/certificates.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { haveParts } from '../../support/parts.ts';
import type { Meddling } from '../../support/relay.ts';
import { ROSTER, startFleet } from './fleet.ts';
import * as tampering from './tampering.ts';

const FORGER = plainSigner();
const CERTIFICATE = 'ssh_host_ed25519_key-cert.pub';

describe.runIf(haveParts(HOST_PARTS))('a host kept by usher', () => {
  it('shows no forged certificate, neither at its enrolment nor later', { timeout: 120_000 }, async () => {
    await using fleet = await startFleet();
    await using host = await fleet.start('web1', 'usher here');
    fleet.relay.meddle = forging();
    const enrolled = await host.enroll(await fleet.invite('web1'));
    expect(enrolled, enrolled.stderr).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('signed by none'),
    });
    expect([join(host.directory, CERTIFICATE), host.dropIn].filter(existsSync)).toEqual([]);
    expect(await host.file('host_ca.pub')).toContain(await keyOf(fleet.caLine('host')));
    fleet.relay.meddle = undefined;
    expect(await host.sync()).toMatchObject({ code: 0 });
    const good = await signerOf(host);
    expect(good).not.toBe(fingerprint(FORGER.publicKey));
    await fleet.loadRoster(ROSTER.replace('web1.example.org', 'other.example.org'));
    fleet.relay.meddle = forging();
    expect(await host.sync()).toMatchObject({ code: 1, stderr: expect.stringContaining('signed by none') });
    expect(await signerOf(host)).toBe(good);
    fleet.relay.meddle = undefined;
    expect(await host.sync()).toMatchObject({ code: 0 });
    expect(await host.file(CERTIFICATE)).not.toBe('');
  });
});

function forging(): Meddling {
  return tampering.saying(tampering.CERTIFICATES, (reply) => {
    const { certificates, ...rest } = parseCertificatesReply(Buffer.from(reply.body).toString());
    const forged = certificates.map(({ fields }) => issue(FORGER, fields));
    return {
      ...reply,
      body: new TextEncoder().encode(formatCertificatesReply({ ...rest, certificates: forged })),
    };
  });
}

async function signerOf(host: HostMachine): Promise<string> {
  return fingerprint(parseCertificateLine(await host.file(CERTIFICATE)).certificate.fields.authority);
}

async function keyOf(line: Promise<string>): Promise<string> {
  return (await line).split(' ').slice(0, 2).join(' ');
}
