/** What a KRL says of a key or a certificate, as OpenSSH judges (krl.c `ssh_krl_check_key`). Trust is another question. */
import { createHash } from 'node:crypto';
import type { CertificateFields } from './certificate-fields.ts';
import type { DecodedKrl } from './krl-read.ts';
import type { DecodedCertificates } from './krl-read-certificates.ts';
import type { PublicKey } from './public-key.ts';
import { encodePublicKey, samePublicKey } from './public-key.ts';

export function isKeyRevoked(krl: DecodedKrl, key: PublicKey): boolean {
  const blob = encodePublicKey(key);
  return (
    has(krl.keys, blob) ||
    has(krl.sha256Fingerprints, createHash('sha256').update(blob).digest()) ||
    has(krl.sha1Fingerprints, createHash('sha1').update(blob).digest())
  );
}

/** By its own serial or key id, by the key that it is for, or by the CA key that it is signed with. */
export function isCertificateRevoked(krl: DecodedKrl, certificate: CertificateFields): boolean {
  return (
    isKeyRevoked(krl, certificate.subject) ||
    isKeyRevoked(krl, certificate.authority) ||
    krl.certificates.some((listed) => isListed(listed, certificate))
  );
}

function isListed(listed: DecodedCertificates, { authority, serial, keyId }: CertificateFields): boolean {
  if (listed.authority !== 'any' && !samePublicKey(listed.authority, authority)) return false;
  return listed.keyIds.includes(keyId) || listed.serials.has(serial);
}

function has(all: readonly Uint8Array[], wanted: Uint8Array): boolean {
  return all.some((one) => Buffer.compare(one, wanted) === 0);
}
