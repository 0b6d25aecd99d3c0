/** One draft: does it say what was asked, and nothing else? */
import { decodeDraft } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { SshError } from '../../src/ssh/error.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';
import { LEAST_RANDOM_SERIAL } from '../../src/ssh/serial.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import { isActiveCaKey } from '../authority/bundle.ts';
import { UsherCommandError } from '../error.ts';
import type { Asked } from '../issue/asked.ts';
import { principalsOf } from '../issue/asked.ts';

export interface CheckedDraft {
  readonly bytes: Uint8Array;
  readonly fields: CertificateFields;
}

interface Frame {
  readonly requestId: string;
  readonly bundle: VerifiedBundle;
  readonly now: number;
}

/** The longest that any certificate for login or sudo is valid (design: profiles). */
export const MAX_SECONDS = 24 * 3600;
/** Validity begins five minutes ago, and the two clocks may differ by as much. */
export const START_SLACK_SECONDS = 660;
export const CLOCK_SLACK_SECONDS = 360;

/** @throws UsherCommandError `draft-refused` that names the first thing that differs. */
export function checkDraft(bytes: Uint8Array, asked: Asked, { requestId, bundle, now }: Frame): CheckedDraft {
  const fields = decodeOrRefuse(bytes);
  if (fields.type !== 'user') throw refusedDraft('the certificate would be for a host');
  if (!samePublicKey(fields.subject, asked.key))
    throw refusedDraft('the certificate would be for another key');
  const keyId = `${asked.purpose}:${asked.person}:${requestId}`;
  if (fields.keyId !== keyId)
    throw refusedDraft(`the certificate would say "${fields.keyId}", not "${keyId}"`);
  if (!isActiveCaKey(bundle, asked.purpose, fields.authority))
    throw refusedDraft(`the certificate would be signed by a key that is no active ${asked.purpose} CA key`);
  checkSerial(fields);
  checkPrincipals(fields, asked);
  checkValidity(fields, asked.lifetime, now);
  checkOptions(fields, asked.purpose);
  return { bytes, fields };
}

/** @throws UsherCommandError `draft-refused` */
export function decodeOrRefuse(bytes: Uint8Array): CertificateFields {
  try {
    return decodeDraft(bytes);
  } catch (cause) {
    if (cause instanceof SshError)
      throw new UsherCommandError('draft-refused', `the authority drafted nonsense: ${cause.message}`, {
        cause,
      });
    throw cause;
  }
}

export function refusedDraft(message: string, hint?: string): UsherCommandError {
  const standard = 'nothing was touched; if this happens again, tell the keeper of the authority';
  return new UsherCommandError('draft-refused', message, { hint: hint ?? standard });
}

/** An offline key may give the same number to another certificate: then nobody could revoke one of them alone. */
export function checkSerial({ serial }: CertificateFields): void {
  if (serial < LEAST_RANDOM_SERIAL)
    throw refusedDraft('the certificate would have a serial of an offline key');
}

function checkPrincipals({ principals }: CertificateFields, asked: Asked): void {
  const wanted = principalsOf(asked);
  const added = principals.filter((principal) => !wanted.includes(principal));
  const missing = wanted.filter((principal) => !principals.includes(principal));
  if (added.length > 0) throw refusedDraft(`the certificate would also be good for ${added.join(', ')}`);
  if (missing.length > 0) throw refusedDraft(`the certificate would not be good for ${missing.join(', ')}`);
  if (asked.purpose === 'sudo' && principals.some((principal, place) => principal !== wanted[place]))
    throw refusedDraft(`the host's log would say ${principals[0]}, not ${asked.login}`);
}

function checkValidity(fields: CertificateFields, lifetime: number | undefined, now: number): void {
  const [after, before] = [Number(fields.validAfter), Number(fields.validBefore)];
  if (after < now - START_SLACK_SECONDS || after > now + CLOCK_SLACK_SECONDS)
    throw refusedDraft('the certificate would not begin now', 'compare your clock: usher doctor');
  if (before > now + (lifetime ?? MAX_SECONDS) + CLOCK_SLACK_SECONDS)
    throw refusedDraft('the certificate would be valid for longer than was asked');
  if (before <= now) throw refusedDraft('the certificate would be over already');
}

/**
 * Policy may add to a login where from (`source-address`); a forced command would turn every login into something else. pam-ussh
 * refuses or ignores every option, and for sudo there is nothing to permit.
 */
export function checkOptions(
  { criticalOptions, extensions }: CertificateFields,
  purpose: Asked['purpose'],
): void {
  for (const { name } of criticalOptions)
    if (purpose === 'sudo' || name !== 'source-address')
      throw refusedDraft(`the certificate would have the critical option ${name}`);
  const [extension] = extensions;
  if (purpose === 'sudo' && extension !== undefined)
    throw refusedDraft(`the certificate would permit more than sudo: ${extension.name}`);
}
