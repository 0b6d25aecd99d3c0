/** An issued certificate as a row, and back. */
import type { Insertable, Selectable } from 'kysely';
import type { IssuedCertificate } from '../authority/records.ts';
import { decodeCertificate } from '../ssh/certificate.ts';
import { fingerprint } from '../ssh/public-key.ts';
import type { CertificateTable } from './schema.ts';

/** Serials have 63 bits, so that every database holds them in a signed column: one beyond is nobody's, and can not even be asked for. */
export const MAX_SERIAL = 2n ** 63n - 1n;

export const CERTIFICATE_COLUMNS = [
  'serial',
  'purpose',
  'person',
  'key_id',
  'request_id',
  'issued_at',
  'valid_after',
  'valid_before',
  'certificate',
] as const;

/** Only searched for: the certificate itself says the same. */
export const KEY_COLUMNS = ['subject', 'authority'] as const;

export type CertificateRow = Pick<Selectable<CertificateTable>, (typeof CERTIFICATE_COLUMNS)[number]>;

/** @throws SshError for what is no certificate. */
export function writeCertificateRow(issued: IssuedCertificate): Insertable<CertificateTable> {
  return {
    serial: issued.serial,
    purpose: issued.purpose,
    person: issued.person,
    key_id: issued.keyId,
    request_id: issued.requestId,
    issued_at: issued.issuedAt,
    valid_after: issued.validAfter,
    valid_before: issued.validBefore,
    certificate: issued.certificate,
    ...keyColumns(issued.certificate),
  };
}

/** Fingerprints of the key that a certificate is for, and of the one that signed it. */
export function keyColumns(certificate: Uint8Array): {
  readonly subject: string;
  readonly authority: string;
} {
  const { subject, authority } = decodeCertificate(certificate).fields;
  return { subject: fingerprint(subject), authority: fingerprint(authority) };
}

export function readCertificateRow(row: CertificateRow): IssuedCertificate {
  return {
    serial: row.serial,
    // Written from an IssuedCertificate only, and never changed.
    purpose: row.purpose as IssuedCertificate['purpose'],
    person: row.person,
    keyId: row.key_id,
    requestId: row.request_id,
    issuedAt: Number(row.issued_at),
    validAfter: Number(row.valid_after),
    validBefore: Number(row.valid_before),
    certificate: row.certificate,
  };
}
