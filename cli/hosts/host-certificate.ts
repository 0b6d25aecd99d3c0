/** Whether ssh would take a certificate that a host shows, and if not, why: judged by the list of hosts. Pure. */
import type { NamedHost } from '../../src/fleet/known-hosts.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { verifyCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import { isCertificateRevoked } from '../../src/ssh/krl-query.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint, samePublicKey } from '../../src/ssh/public-key.ts';
import { isValidAt } from '../agent/entries.ts';
import type { VerifiedKnownHosts } from '../authority/known-hosts.ts';
import { formatTime } from '../issue/review.ts';

type Trust = Pick<VerifiedKnownHosts, 'caKeys' | 'revokedCaKeys' | 'krl'>;

/** @returns what is wrong with it, as words that follow "it"; undefined: nothing. */
export function faultOfHostCertificate(
  certificate: Certificate,
  { names }: NamedHost,
  { caKeys, revokedCaKeys, krl }: Trust,
  now: number,
): string | undefined {
  const { fields } = certificate;
  const isAmong = (keys: readonly PublicKey[]) => keys.some((key) => samePublicKey(key, fields.authority));
  const [first = ''] = names;
  if (fields.type !== 'host') return 'is for a person, not for a host';
  if (isAmong(revokedCaKeys))
    return `is signed by a CA key that is revoked: ${fingerprint(fields.authority)}`;
  if (!isAmong(caKeys)) return `is signed by another CA key: ${fingerprint(fields.authority)}`;
  if (!verifyCertificateSignature(certificate)) return 'has a signature that is not right';
  if (!fields.principals.includes(first)) return `is for ${namesOf(fields.principals)}, not for ${first}`;
  if (!isValidAt(certificate, now)) return `is not valid now, but ${validity(certificate)}`;
  if (isCertificateRevoked(krl, fields)) return 'is revoked';
  return undefined;
}

export function validity({ fields }: Certificate): string {
  return `from ${formatTime(fields.validAfter)} until ${formatTime(fields.validBefore)}`;
}

/** One without names is good for every host, by older versions of ssh: nobody issues it. */
export function namesOf(principals: readonly string[]): string {
  return principals.length === 0 ? 'no host' : principals.join(', ');
}
