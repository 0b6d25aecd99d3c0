/**
 * Before the touch: does the authority want to sign what was asked, and nothing else? A server that shows one thing and has
 * another one touched is caught here, because the digest is computed from exactly the drafts that passed.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { touchDigest } from '../src/fido/touch-digest.ts';
import type { AskReply } from '../src/http/contract.ts';
import { decodeDraft } from '../src/ssh/certificate.ts';
import type { CertificateFields } from '../src/ssh/certificate-fields.ts';
import { SshError } from '../src/ssh/error.ts';
import { printable } from '../src/ssh/printable.ts';
import type { PublicKey } from '../src/ssh/public-key.ts';
import { samePublicKey } from '../src/ssh/public-key.ts';
import type { VerifiedBundle } from './bundle.ts';
import { isActiveCaKey } from './bundle.ts';
import { decodeBytes } from './decode.ts';
import { UsherCommandError } from './error.ts';

/** What the command asked for, one certificate. */
export interface Asked {
  readonly purpose: 'login';
  readonly origin: string;
  readonly rpId: string;
  readonly person: string;
  readonly key: PublicKey;
  readonly logins: readonly string[];
  readonly hosts: readonly string[];
  /** Seconds; undefined when the authority's default was asked for. */
  readonly lifetime: number | undefined;
}

export interface CheckedDraft {
  readonly bytes: Uint8Array;
  readonly fields: CertificateFields;
}

export interface CheckedRequest {
  readonly requestId: string;
  readonly nonce: Uint8Array;
  readonly expiresAt: number;
  readonly drafts: readonly CheckedDraft[];
  readonly digest: Uint8Array;
}

/** The longest that any login certificate is valid (design: profiles). */
const MAX_LOGIN_SECONDS = 24 * 3600;
/** Validity begins five minutes ago, and the two clocks may differ by as much. */
const START_SLACK_SECONDS = 660;
const CLOCK_SLACK_SECONDS = 360;
const MAX_WAIT_SECONDS = 900;

/** @throws UsherCommandError `draft-refused` that names the first thing that differs. */
export function checkRequest(
  reply: AskReply,
  asked: readonly Asked[],
  bundle: VerifiedBundle,
  now: number,
): CheckedRequest {
  const [first] = asked;
  if (first === undefined || reply.drafts.length !== asked.length)
    throw refused(
      `${asked.length} certificates were asked for, the authority drafted ${reply.drafts.length}`,
    );
  checkFrame(reply, first, now);
  const drafts = asked.map((one, index) => checkDraft(reply, reply.drafts[index] ?? '', one, bundle, now));
  if (new Set(drafts.map(({ fields }) => fields.serial)).size !== drafts.length)
    throw refused('two of the drafts have the same serial');
  const nonce = decodeBytes(reply.nonce);
  const { requestId, expiresAt } = reply;
  const action = { kind: 'issue', draftHashes: drafts.map(({ bytes }) => sha256(bytes)) } as const;
  const digest = touchDigest({ origin: first.origin, action, requestId, nonce, expiresAt });
  return { requestId, nonce, expiresAt, drafts, digest };
}

/** The principals that follow from logins and hosts: exactly these and no other may stand in the certificate. */
function principalsOf(logins: readonly string[], hosts: readonly string[]): readonly string[] {
  if (hosts.length === 1 && hosts[0] === '*') return [...logins];
  return logins.flatMap((login) => hosts.map((host) => `${login}@${host}`));
}

function checkFrame(reply: AskReply, asked: Asked, now: number): void {
  if (reply.origin !== asked.origin)
    throw refused(`the touch would be for ${printable(reply.origin, 100)}, not for ${asked.origin}`);
  if (reply.rpId !== asked.rpId)
    throw refused(`the touch would be for the RP id ${printable(reply.rpId, 100)}, not ${asked.rpId}`);
  if (decodeBytes(reply.nonce).length !== 32) throw refused('the nonce does not have 32 bytes');
  if (reply.expiresAt <= now - CLOCK_SLACK_SECONDS || reply.expiresAt > now + MAX_WAIT_SECONDS)
    throw refused('the time to touch is not within the next minutes', 'compare your clock: usher doctor');
}

function checkDraft(
  reply: AskReply,
  encoded: string,
  asked: Asked,
  bundle: VerifiedBundle,
  now: number,
): CheckedDraft {
  const bytes = decodeBytes(encoded);
  const fields = decodeOrRefuse(bytes);
  if (fields.type !== 'user') throw refused('the certificate would be for a host');
  if (!samePublicKey(fields.subject, asked.key)) throw refused('the certificate would be for another key');
  const keyId = `${asked.purpose}:${asked.person}:${reply.requestId}`;
  if (fields.keyId !== keyId) throw refused(`the certificate would say "${fields.keyId}", not "${keyId}"`);
  if (!isActiveCaKey(bundle, asked.purpose, fields.authority))
    throw refused(`the certificate would be signed by a key that is no active ${asked.purpose} CA key`);
  checkPrincipals(fields, asked);
  checkValidity(fields, asked, now);
  checkOptions(fields);
  return { bytes, fields };
}

function decodeOrRefuse(bytes: Uint8Array): CertificateFields {
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

function checkPrincipals(fields: CertificateFields, asked: Asked): void {
  const wanted = new Set(principalsOf(asked.logins, asked.hosts));
  const added = fields.principals.filter((principal) => !wanted.has(principal));
  const missing = [...wanted].filter((principal) => !fields.principals.includes(principal));
  if (added.length > 0) throw refused(`the certificate would also be good for ${added.join(', ')}`);
  if (missing.length > 0) throw refused(`the certificate would not be good for ${missing.join(', ')}`);
}

function checkValidity(fields: CertificateFields, asked: Asked, now: number): void {
  const [after, before] = [Number(fields.validAfter), Number(fields.validBefore)];
  if (after < now - START_SLACK_SECONDS || after > now + CLOCK_SLACK_SECONDS)
    throw refused('the certificate would not begin now', 'compare your clock: usher doctor');
  if (before > now + (asked.lifetime ?? MAX_LOGIN_SECONDS) + CLOCK_SLACK_SECONDS)
    throw refused('the certificate would be valid for longer than was asked');
  if (before <= now) throw refused('the certificate would be over already');
}

/** Policy may add where from (`source-address`); a forced command would turn every login into something else. */
function checkOptions(fields: CertificateFields): void {
  for (const { name } of fields.criticalOptions)
    if (name !== 'source-address') throw refused(`the certificate would have the critical option ${name}`);
}

function refused(message: string, hint?: string): UsherCommandError {
  const standard = 'nothing was touched; if this happens again, tell the keeper of the authority';
  return new UsherCommandError('draft-refused', message, { hint: hint ?? standard });
}
