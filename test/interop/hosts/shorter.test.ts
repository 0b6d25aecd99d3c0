/** A good host certificate is never replaced by one that would end before it, whatever the authority sends. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  formatCertificatesReply,
  parseCertificatesReply,
} from '../../../src/fleet/host/certificates-reply.ts';
import type { Certificate } from '../../../src/ssh/certificate.ts';
import { assembleCertificate, decodeCertificate, encodeDraft } from '../../../src/ssh/certificate.ts';
import { readPrivateKeyFile } from '../../../src/ssh/key-file.ts';
import { signMessage } from '../../../src/ssh/private-key.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { haveParts } from '../../support/parts.ts';
import { startFleet } from './fleet.ts';
import { CERTIFICATES, saying } from './tampering.ts';

const ED25519 = 'ssh_host_ed25519_key-cert.pub';
const ECDSA = 'ssh_host_ecdsa_key-cert.pub';

it.runIf(haveParts(HOST_PARTS))('a host keeps the certificate that lives longer, and says so', async () => {
  await using fleet = await startFleet();
  await using host = await fleet.start('web1', 'usher');
  await host.mustEnroll(await fleet.invite('web1'));
  const login = await fleet.login();
  const before = await host.file(ED25519);
  const ca = readPrivateKeyFile(await readFile(join(fleet.usherd.dir, 'keys/host'), 'utf8'));
  const shortened = ({ fields }: Certificate): Certificate => {
    const draft = encodeDraft({ ...fields, validBefore: fields.validBefore - 86_400n });
    return decodeCertificate(assembleCertificate(draft, signMessage(ca, draft)));
  };
  fleet.relay.meddle = saying(CERTIFICATES, (reply) => {
    const said = parseCertificatesReply(Buffer.from(reply.body).toString());
    const text = formatCertificatesReply({ ...said, certificates: said.certificates.map(shortened) });
    return { ...reply, body: new TextEncoder().encode(text) };
  });

  // One that is missing has both renewed.
  await rm(join(host.directory, ECDSA));
  const result = await host.sync();
  expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('would end before') });
  expect(await host.file(ED25519)).toBe(before);
  expect(await host.file(ECDSA)).not.toBe('');

  fleet.relay.meddle = undefined;
  expect(await host.sync()).toMatchObject({ code: 0 });
  expect(await host.visit({ ...login, knownHosts: fleet.knownHosts })).toMatchObject({ code: 0 });
});
