/** What leaves say of certificates: each kind with its fields, in the order of the wire. This file runs in browsers too. */
import { MAX_REASON_LENGTH, REASON_PATTERN } from '../ssh/reason.ts';
import type { Fields } from './field.ts';
import { bytes, count, list, text, time, word, wrapped } from './field.ts';
import type { LoggedTouch } from './leaf-fields.ts';
import {
  DIGEST,
  EXPIRES_AT,
  MAX_LEAF_BYTES,
  NONCE,
  ORIGIN,
  PERSON,
  PURPOSE,
  REQUEST_ID,
  TOUCH,
} from './leaf-fields.ts';

export interface CertificateBody {
  readonly purpose: string;
  readonly person: string;
  /** SHA-256 of the roster in force when it was signed. */
  readonly rosterDigest: Uint8Array;
  readonly certificate: Uint8Array;
  readonly origin: string;
  readonly requestId: string;
  readonly nonce: Uint8Array;
  readonly expiresAt: number;
  /** Which of `draftHashes` is this certificate's. */
  readonly index: number;
  /** SHA-256 of every draft of the request, in order: what the digest of the touch covers. */
  readonly draftHashes: readonly Uint8Array[];
  readonly touches: readonly LoggedTouch[];
}

/**
 * A certificate whose request people reviewed: there was a reason, others approved, or the security key of a person is the CA
 * key. Every certificate of a request in which one for sudo was asked for has this kind.
 */
export interface ReviewedCertificateBody extends CertificateBody {
  /** Empty when none was given. */
  readonly reason: string;
  /** Until when it could be approved; the digest of approvals covers it. */
  readonly approveBy: number;
  readonly approvals: readonly LoggedTouch[];
  /** Whose CA key signed it; empty: one of the authority's own. Then `touches` may be empty: the signature is this person's touch. */
  readonly signer: string;
}

/** A certificate that an offline key of the authority signed in an emergency, entered afterwards: nobody touched for it. */
export interface BreakGlassBody {
  readonly purpose: 'login' | 'sudo';
  readonly person: string;
  readonly certificate: Uint8Array;
  /** Never empty. */
  readonly reason: string;
}

/** A request has at most 8 certificates; those of a touch CA have one alternative draft for each approver's key. */
const MAX_DRAFTS = 64;
export const MAX_TOUCHES = 16;

export const CERTIFICATE: Fields<CertificateBody> = {
  purpose: PURPOSE,
  person: PERSON,
  rosterDigest: DIGEST,
  certificate: bytes('certificate', 1, MAX_LEAF_BYTES),
  origin: ORIGIN,
  requestId: REQUEST_ID,
  nonce: NONCE,
  expiresAt: EXPIRES_AT,
  index: count('index', MAX_DRAFTS),
  draftHashes: list('draft-hashes', DIGEST, 1, MAX_DRAFTS),
  touches: list('touches', wrapped('a touch', TOUCH), 1, MAX_TOUCHES),
};

export const REVIEWED_CERTIFICATE: Fields<ReviewedCertificateBody> = {
  ...CERTIFICATE,
  touches: list('touches', wrapped('a touch', TOUCH), 0, MAX_TOUCHES),
  reason: text('reason', new RegExp(REASON_PATTERN), MAX_REASON_LENGTH),
  approveBy: time('approve-by'),
  approvals: list('approvals', wrapped('a touch', TOUCH), 0, MAX_TOUCHES),
  signer: text('signer', /^[A-Za-z0-9._-]*$/, 64),
};

export const BREAK_GLASS: Fields<BreakGlassBody> = {
  purpose: word('purpose', ['login', 'sudo']),
  person: PERSON,
  certificate: bytes('certificate', 1, MAX_LEAF_BYTES),
  reason: text('reason', new RegExp(`^(?!$)${REASON_PATTERN.slice(1)}`), MAX_REASON_LENGTH),
};
