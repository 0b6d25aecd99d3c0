/** What a command says of a certificate that it got. */
import type { Certificate } from '../../src/ssh/certificate.ts';
import { formatCertificateLine } from '../../src/ssh/certificate-line.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import type { EntryOwner } from '../agent/entries.ts';
import { entryComment } from '../agent/entries.ts';
import { entryOwner } from '../agent/own-entries.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { say } from '../terminal.ts';
import type { Certified } from './certify.ts';
import { formatTime } from './review.ts';

export function sayWhere({ surroundings }: Enrolled, { fields }: Certificate, place: string): void {
  say(
    surroundings,
    `certificate ${fields.serial} is ${place}, valid until ${formatTime(fields.validBefore)}`,
  );
}

/** As `--json` prints it. @param file where it was written; null: it is in the agent */
export function describeCertified(
  enrolled: Enrolled,
  purpose: EntryOwner['purpose'],
  { certificate, leafIndex }: Certified,
  file: string | null,
): Readonly<Record<string, unknown>> {
  const { fields } = certificate;
  const { origin, person } = enrolled.settings;
  return {
    authority: origin,
    person,
    certificate: formatCertificateLine(certificate, entryComment(entryOwner(enrolled, purpose))),
    serial: fields.serial,
    keyId: fields.keyId,
    key: fingerprint(fields.subject),
    principals: fields.principals,
    validAfter: Number(fields.validAfter),
    validBefore: Number(fields.validBefore),
    leafIndex,
    file,
  };
}
