/** What leaves say of acts, and of certificates that were revoked, in the order of the wire. This file runs in browsers too. */
import type { ActKind } from '../ssh/act.ts';
import { ACT_KINDS } from '../ssh/act.ts';
import { FINGERPRINT_PATTERN } from '../ssh/public-key.ts';
import { MAX_REASON_LENGTH, REASON_PATTERN } from '../ssh/reason.ts';
import type { Fields } from './field.ts';
import { bytes, list, serial, text, word, wrapped } from './field.ts';
import type { LoggedTouch } from './leaf-fields.ts';
import { DIGEST, EXPIRES_AT, NONCE, ORIGIN, REQUEST_ID, TOUCH } from './leaf-fields.ts';

/** What a person did to the authority with a touch. */
export interface ActBody {
  /** SHA-256 of the roster in force, which gave the right. */
  readonly rosterDigest: Uint8Array;
  readonly origin: string;
  readonly requestId: string;
  readonly nonce: Uint8Array;
  readonly expiresAt: number;
  readonly action: ActKind;
  /** As `ssh/act.ts` encodes them. */
  readonly parameters: Uint8Array;
  readonly touch: LoggedTouch;
}

export const REVOCATION_CAUSES = [
  'serial',
  'person',
  'key',
  'machine',
  'credential',
  'roster',
  'lock',
  'ca',
] as const;

export type RevocationCause = (typeof REVOCATION_CAUSES)[number];

export interface RevokeBody {
  readonly cause: RevocationCause;
  /** What was revoked, in the words of its cause: a serial, a name, a fingerprint, the id of a credential, the digest of a roster. */
  readonly subject: string;
  /** Empty when nobody gave one. */
  readonly reason: string;
  /** In ascending order. */
  readonly serials: readonly bigint[];
  /** Fingerprint of a key that counts no more, whichever certificate it has; empty: none. */
  readonly key: string;
}

/** What an act may have; the names of 256 hosts fit. */
export const MAX_PARAMETER_BYTES = 54_000;
/** More of one cause stand in several leaves. */
export const MAX_LOGGED_SERIALS = 4000;

export const ACT: Fields<ActBody> = {
  rosterDigest: DIGEST,
  origin: ORIGIN,
  requestId: REQUEST_ID,
  nonce: NONCE,
  expiresAt: EXPIRES_AT,
  action: word('action', ACT_KINDS),
  parameters: bytes('parameters', 1, MAX_PARAMETER_BYTES),
  touch: wrapped('a touch', TOUCH),
};

export const REVOKE: Fields<RevokeBody> = {
  cause: word('cause', REVOCATION_CAUSES),
  subject: text('subject', /^[\x21-\x7e]+$/, 1400),
  reason: text('reason', new RegExp(REASON_PATTERN), MAX_REASON_LENGTH),
  serials: list('serials', serial('a serial'), 0, MAX_LOGGED_SERIALS),
  key: text('key', new RegExp(`^(${FINGERPRINT_PATTERN})?$`), 50),
};
