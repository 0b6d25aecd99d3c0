/** The lines of `<key>.issued`: what an offline key signed, written before it is handed out, to be imported into the log. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Certificate } from '../ssh/certificate.ts';
import { formatCertificateLine, parseCertificateLine } from '../ssh/certificate-line.ts';
import { SshError } from '../ssh/error.ts';
import { assertReason } from './break-glass.ts';
import { BreakGlassError } from './break-glass-error.ts';

export interface BreakGlassRecord {
  readonly reason: string;
  readonly certificate: Certificate;
  /** The file and line that it stands in, for people. */
  readonly place: string;
}

const Line = Type.Object(
  {
    /** Unix seconds; for people, since the certificate says it, too. */
    signedAt: Type.Integer({ minimum: 0 }),
    reason: Type.String(),
    certificate: Type.String(),
  },
  { additionalProperties: false },
);

export function formatRecord(signedAt: number, reason: string, certificate: Certificate): string {
  const line: Static<typeof Line> = { signedAt, reason, certificate: formatCertificateLine(certificate) };
  return `${JSON.stringify(line)}\n`;
}

/** @throws BreakGlassError `bad-record` that names the first line which can not be read. */
export function parseRecords(text: string, file: string): readonly BreakGlassRecord[] {
  return text
    .split('\n')
    .flatMap((line, index) => (line === '' ? [] : [parseRecord(line, `${file}:${index + 1}`)]));
}

function parseRecord(text: string, place: string): BreakGlassRecord {
  try {
    const line: unknown = JSON.parse(text);
    if (!Value.Check(Line, line)) throw new SyntaxError('it does not have the form of a record');
    assertReason(line.reason);
    return { reason: line.reason, certificate: parseCertificateLine(line.certificate).certificate, place };
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof SshError || cause instanceof BreakGlassError))
      throw cause;
    throw new BreakGlassError('bad-record', `${place} can not be read: ${cause.message}`, { cause });
  }
}
