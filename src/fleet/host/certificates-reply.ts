/** What a host gets for its request: one certificate for each key, in the same order. */
import type { Certificate } from '../../ssh/certificate.ts';
import { formatCertificateLine, parseCertificateLine } from '../../ssh/certificate-line.ts';
import { FleetError } from '../error.ts';
import {
  assertOneSpelling,
  checkCount,
  checkHost,
  formatDocument,
  parseWhole,
  readDocument,
} from './document.ts';
import { MAX_HOST_KEYS } from './signed-document.ts';

export interface CertificatesReply {
  readonly host: string;
  /** What the next renewal has to carry. */
  readonly generation: number;
  readonly certificates: readonly Certificate[];
}

const FIRST_LINE = 'usher host certificates v1';
export const MAX_CERTIFICATES_REPLY_CHARACTERS = 524_288;

/** @throws FleetError `bad-document` */
export function formatCertificatesReply({ host, generation, certificates }: CertificatesReply): string {
  checkCount(certificates, 'certificate', 1, MAX_HOST_KEYS);
  return formatDocument(FIRST_LINE, [
    ['host', checkHost(host)],
    ['generation', String(generation)],
    ...certificates.map((certificate) => ['certificate', formatCertificateLine(certificate)] as const),
  ]);
}

/** Nothing is verified: whether they are for the host's keys is for the host to see. @throws FleetError `bad-document` */
export function parseCertificatesReply(text: string): CertificatesReply {
  const fields = readDocument(text, FIRST_LINE, MAX_CERTIFICATES_REPLY_CHARACTERS);
  const reply: CertificatesReply = {
    host: fields.one('host'),
    generation: parseWhole(fields.one('generation')),
    certificates: fields.all('certificate').map(parseCertificate),
  };
  assertOneSpelling(text, formatCertificatesReply(reply));
  return reply;
}

function parseCertificate(line: string): Certificate {
  try {
    return parseCertificateLine(line).certificate;
  } catch (cause) {
    throw new FleetError('bad-document', 'a certificate of the reply can not be read', { cause });
  }
}
