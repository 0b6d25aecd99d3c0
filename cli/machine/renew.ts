/**
 * New host certificates. The secret that the next renewal will show is on the disk before anybody hears of it, and stays there until it counts: so the
 * same request can be made again when a reply was lost, and two holders of one state show themselves.
 */
import { base64urlnopad } from '@scure/base';
import {
  formatCertificatesBody,
  formatCertificatesDocument,
} from '../../src/fleet/host/certificates-document.ts';
import type { CertificatesReply } from '../../src/fleet/host/certificates-reply.ts';
import { parseCertificatesReply } from '../../src/fleet/host/certificates-reply.ts';
import { secretHash } from '../../src/fleet/host/secret.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { verifyCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import type { Surroundings } from '../surroundings.ts';
import { askForCertificates } from './calls.ts';
import { isGoodFor } from './certificates.ts';
import { signDocument } from './host-keys.ts';
import type { Machine } from './machine.ts';
import { orRefuseBundle, refused } from './refusal.ts';
import type { Generation } from './state.ts';

const SECRET_BYTES = 32;

/** @returns the certificates of this host's keys, in their order. @throws UsherCommandError */
export async function renew(machine: Machine): Promise<readonly Certificate[]> {
  const { state } = machine;
  await state.settleEnrolment('received');
  const { generation, secret } = await state.generation();
  const next = await pendingSecret(machine, secret);
  const { certificates } = await requestCertificates(machine, { generation, secret }, next);
  await state.saveGeneration({ generation: generation + 1, secret: next });
  await state.dropPending();
  return certificates;
}

/** @param current generation 0: an enrolment, whose secret is the token. */
export async function requestCertificates(
  machine: Pick<Machine, 'settings' | 'keys' | 'surroundings'>,
  { generation, secret }: Generation,
  next: string,
): Promise<CertificatesReply> {
  const { settings, keys, surroundings } = machine;
  const document = formatCertificatesDocument({
    authority: settings.authority,
    host: settings.host,
    generation,
    secretHash: secretHash(secret),
    nextHash: secretHash(next),
    time: surroundings.now(),
    keys: keys.map(({ key }) => key.publicKey),
  });
  const text = await askForCertificates(
    machine,
    formatCertificatesBody(secret, signDocument(document, keys)),
  );
  const reply = orRefuseBundle(() => parseCertificatesReply(text));
  checkReply(machine, reply, generation + 1);
  return reply;
}

export function newSecret({ randomBytes }: Pick<Surroundings, 'randomBytes'>): string {
  return base64urlnopad.encode(randomBytes(SECRET_BYTES));
}

/** The one of a request that was made before, unless it counts already: then only the end of that run is missing. */
async function pendingSecret({ state, surroundings }: Machine, current: string): Promise<string> {
  const pending = await state.pending();
  if (pending !== undefined && pending !== current) return pending;
  const next = newSecret(surroundings);
  await state.savePending(next);
  return next;
}

function checkReply(
  { settings, keys, surroundings }: Pick<Machine, 'settings' | 'keys' | 'surroundings'>,
  { host, generation, certificates }: CertificatesReply,
  expected: number,
): void {
  if (host !== settings.host) throw refused('the certificates are for another host');
  if (generation !== expected)
    throw refused(`the certificates are of generation ${generation}, not ${expected}`);
  if (certificates.length !== keys.length) throw refused('there is not one certificate for each host key');
  keys.forEach((key, index) => {
    const certificate = certificates[index];
    if (certificate === undefined || !isGoodFor(certificate, key, surroundings.now()))
      throw refused(`the certificate for ${key.path} is not for this key, or not for this moment`);
    if (!verifyCertificateSignature(certificate))
      throw refused(`the certificate for ${key.path} is not signed by the key that it names`);
  });
}
