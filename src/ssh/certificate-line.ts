/** Certificates as lines of text, as in `-cert.pub` files. Runs in browsers too. */
import { base64 } from '@scure/base';
import type { Certificate } from './certificate.ts';
import { certificateTypeName, decodeCertificate, encodeCertificate } from './certificate.ts';
import { SshError } from './error.ts';
import { decodeBase64 } from './public-key.ts';

/** An encoded certificate of the largest size, its name and a comment. */
const MAX_LINE_CHARACTERS = 140_000;

export function formatCertificateLine(certificate: Certificate, comment = ''): string {
  const name = certificateTypeName(certificate.fields.subject.type);
  return [name, base64.encode(encodeCertificate(certificate)), comment]
    .filter((part) => part !== '')
    .join(' ');
}

/** @throws SshError when this is not exactly one line with a certificate of the type that the line names. */
export function parseCertificateLine(line: string): {
  readonly certificate: Certificate;
  readonly comment: string;
} {
  const trimmed = line.trim();
  if (trimmed.length > MAX_LINE_CHARACTERS)
    throw new SshError('too-long', 'this is too long for a certificate');
  if (/[\r\n]/.test(trimmed))
    throw new SshError('bad-certificate', 'a certificate file holds one certificate');
  const [name, encoded = '', ...comment] = trimmed.split(/[ \t]+/);
  const certificate = decodeCertificate(decodeBase64(encoded));
  if (certificateTypeName(certificate.fields.subject.type) !== name)
    throw new SshError('bad-certificate', 'the line names another type than its certificate has');
  return { certificate, comment: comment.join(' ') };
}
