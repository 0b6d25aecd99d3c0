/** What leaves say of everything else that changes whom hosts and the authority trust, in the order of the wire. This file runs in browsers too. */
import { MAX_REASON_LENGTH, REASON_PATTERN } from '../ssh/reason.ts';
import type { Fields } from './field.ts';
import { list, text, word, wrapped } from './field.ts';
import type { LoggedCredentialKind } from './leaf-fields.ts';
import {
  AUTHENTICATOR_DATA,
  CLIENT_DATA_JSON,
  CREDENTIAL_ID,
  CREDENTIAL_KIND,
  DIGEST,
  EXPIRES_AT,
  NONCE,
  ORIGIN,
  PERSON,
  PUBLIC_KEY,
  PURPOSE,
  REQUEST_ID,
  RP_ID,
  SIGNATURE,
} from './leaf-fields.ts';

/** The assertion is by the new credential itself. */
export interface EnrollBody {
  readonly person: string;
  readonly credentialKind: LoggedCredentialKind;
  readonly credentialId: string;
  readonly publicKey: Uint8Array;
  readonly rpId: string;
  /** Hex SHA-256 of the invite's secret. */
  readonly inviteId: string;
  readonly origin: string;
  readonly requestId: string;
  readonly nonce: Uint8Array;
  readonly expiresAt: number;
  readonly clientDataJson: Uint8Array;
  readonly authenticatorData: Uint8Array;
  readonly signature: Uint8Array;
}

export interface RemoveCredentialBody {
  readonly person: string;
  readonly credentialId: string;
  /** A word such as `lost` or `replaced`: never free text, which could say anything about a person, for ever. */
  readonly reason: string;
}

export interface RosterBody {
  readonly digest: Uint8Array;
}

export interface LoggedCaKey {
  readonly purpose: string;
  /** SSH public key blob. */
  readonly publicKey: Uint8Array;
}

export interface AuthorityBody {
  readonly origin: string;
  readonly caKeys: readonly LoggedCaKey[];
  /** Verifier key of the log, as in c2sp.org/signed-note. */
  readonly logKey: string;
  /** SSH public key blob. */
  readonly bundleKey: Uint8Array;
}

export const CA_KEY_STATES = ['created', 'coming', 'active', 'retired', 'removed', 'revoked'] as const;

/** A CA key of the authority's own is in this state from now on. */
export interface CaKeyBody {
  readonly purpose: string;
  /** SSH public key blob. */
  readonly publicKey: Uint8Array;
  readonly state: (typeof CA_KEY_STATES)[number];
  /** Empty when nobody gave one. */
  readonly reason: string;
}

export const ENROLL: Fields<EnrollBody> = {
  person: PERSON,
  credentialKind: CREDENTIAL_KIND,
  credentialId: CREDENTIAL_ID,
  publicKey: PUBLIC_KEY,
  rpId: RP_ID,
  inviteId: text('invite-id', /^[0-9a-f]{64}$/, 64),
  origin: ORIGIN,
  requestId: REQUEST_ID,
  nonce: NONCE,
  expiresAt: EXPIRES_AT,
  clientDataJson: CLIENT_DATA_JSON,
  authenticatorData: AUTHENTICATOR_DATA,
  signature: SIGNATURE,
};

export const REMOVE_CREDENTIAL: Fields<RemoveCredentialBody> = {
  person: PERSON,
  credentialId: CREDENTIAL_ID,
  reason: text('reason', /^[a-z]+(-[a-z]+)*$/, 32),
};

export const ROSTER: Fields<RosterBody> = { digest: DIGEST };

export const AUTHORITY: Fields<AuthorityBody> = {
  origin: ORIGIN,
  caKeys: list('ca-keys', wrapped('a CA key', { purpose: PURPOSE, publicKey: PUBLIC_KEY }), 1, 24),
  logKey: text('log-key', /^[\x21-\x7e]+$/, 512),
  bundleKey: PUBLIC_KEY,
};

export const CA_KEY: Fields<CaKeyBody> = {
  purpose: PURPOSE,
  publicKey: PUBLIC_KEY,
  state: word('state', CA_KEY_STATES),
  reason: text('reason', new RegExp(REASON_PATTERN), MAX_REASON_LENGTH),
};
