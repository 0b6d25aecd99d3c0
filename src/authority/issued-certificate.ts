import { decodeCertificate } from '../ssh/certificate.ts';
import type { IssuedCertificate } from './records.ts';

/** What is kept of a certificate: itself, what it says where queries look, and what it does not say. */
export function issuedCertificate(
  certificate: Uint8Array,
  about: Pick<IssuedCertificate, 'purpose' | 'person' | 'requestId' | 'issuedAt'>,
): IssuedCertificate {
  const { serial, keyId, validAfter, validBefore } = decodeCertificate(certificate).fields;
  return {
    ...about,
    serial,
    keyId,
    validAfter: Number(validAfter),
    validBefore: Number(validBefore),
    certificate,
  };
}
