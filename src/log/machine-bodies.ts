/** What leaves say of hosts that enrol, renew and report, in the order of the wire. This file runs in browsers too. */
import type { Fields } from './field.ts';
import { bytes, count, text, word } from './field.ts';
import { DIGEST, MAX_LEAF_BYTES } from './leaf-fields.ts';

/** A certificate of a host. Nobody touched for it: the keys of the host have signed the request. */
export interface HostCertificateBody {
  readonly host: string;
  /** Of the machine from now on; 1: it enrolled with a token. */
  readonly generation: number;
  /** SHA-256 of the roster in force when it was signed. */
  readonly rosterDigest: Uint8Array;
  readonly certificate: Uint8Array;
  /** Which of the keys of the request it is for. */
  readonly index: number;
  /** The signed document, with its signatures and without its secret. */
  readonly request: Uint8Array;
}

export const LOCK_REASONS = ['two-holders', 'old-generation', 'revoked', 'left-roster'] as const;
export type LockReason = (typeof LOCK_REASONS)[number];

/** The machine gets nothing until it enrols with a new token. */
export interface LockMachineBody {
  readonly host: string;
  /** Of the machine, when it was locked. */
  readonly generation: number;
  readonly reason: LockReason;
  /** The signed document that showed it; empty when a person or a roster locked it. */
  readonly request: Uint8Array;
}

export const ALARMS = ['re-enrolled', 'unknown-serial', 'renewal-refused', 'too-many-alarms'] as const;
export type AlarmKind = (typeof ALARMS)[number];

export interface AlarmBody {
  readonly what: AlarmKind;
  /** The host that it is about, or that told of it. */
  readonly host: string;
  readonly detail: string;
}

/** A keyless sudo CA says which keys it has. */
export interface SudoStatementBody {
  /** With its signature, as hosts get it. */
  readonly statement: Uint8Array;
}

export const MAX_REQUEST_BYTES = 24_000;
const MAX_STATEMENT_BYTES = 49_152;
const MAX_KEYS = 8;
const ENDS_AT = 0x1_0000_0000;

const HOST = text('host', /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 200);
const GENERATION = count('generation', ENDS_AT);

export const HOST_CERTIFICATE: Fields<HostCertificateBody> = {
  host: HOST,
  generation: GENERATION,
  rosterDigest: DIGEST,
  certificate: bytes('certificate', 1, MAX_LEAF_BYTES),
  index: count('index', MAX_KEYS),
  request: bytes('request', 1, MAX_REQUEST_BYTES),
};

export const LOCK_MACHINE: Fields<LockMachineBody> = {
  host: HOST,
  generation: GENERATION,
  reason: word('reason', LOCK_REASONS),
  request: bytes('request', 0, MAX_REQUEST_BYTES),
};

export const ALARM: Fields<AlarmBody> = {
  what: word('what', ALARMS),
  host: HOST,
  detail: text('detail', /^[\x20-\x7e]+$/, 200),
};

export const SUDO_STATEMENT: Fields<SudoStatementBody> = {
  statement: bytes('statement', 1, MAX_STATEMENT_BYTES),
};
