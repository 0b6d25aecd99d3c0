/** The fields that leaves of several kinds have, with what each may hold. This file runs in browsers too. */
import { FINGERPRINT_PATTERN } from '../ssh/public-key.ts';
import type { Fields } from './field.ts';
import { bytes, text, time, word } from './field.ts';

export type LoggedCredentialKind = 'webauthn' | 'ssh-sk';

/** A touch with all that is needed to verify it again. Bytes are raw; `signature` is as WebAuthn has it (ES256: DER). */
export interface LoggedTouch {
  readonly person: string;
  readonly credentialKind: LoggedCredentialKind;
  /** webauthn: base64url of the raw id; ssh-sk: the key's OpenSSH fingerprint. */
  readonly credentialId: string;
  /** COSE for webauthn, the SSH public key blob for ssh-sk. */
  readonly publicKey: Uint8Array;
  readonly rpId: string;
  readonly clientDataJson: Uint8Array;
  readonly authenticatorData: Uint8Array;
  readonly signature: Uint8Array;
}

export const MAX_LEAF_BYTES = 65_535;

export const PURPOSE = text('purpose', /^[a-z]+$/, 32);
export const PERSON = text('person', /^[A-Za-z0-9._-]+$/, 64);
export const CREDENTIAL_KIND = word<LoggedCredentialKind>('credential-kind', ['webauthn', 'ssh-sk']);
export const CREDENTIAL_ID = text(
  'credential-id',
  new RegExp(`^(${FINGERPRINT_PATTERN}|[A-Za-z0-9_-]+)$`),
  1400,
);
export const PUBLIC_KEY = bytes('public-key', 1, 2048);
export const RP_ID = text('rp-id', /^[\x21-\x7e]+$/, 255);
export const ORIGIN = text('origin', /^https?:\/\/[A-Za-z0-9.:[\]-]+$/, 255);
export const REQUEST_ID = text('request-id', /^[A-Za-z0-9_-]{22}$/, 22);
export const NONCE = bytes('nonce', 32, 32);
export const EXPIRES_AT = time('expires-at');
export const CLIENT_DATA_JSON = bytes('client-data-json', 1, 4096);
export const AUTHENTICATOR_DATA = bytes('authenticator-data', 37, 1024);
export const SIGNATURE = bytes('signature', 1, 256);
export const DIGEST = bytes('digest', 32, 32);

export const TOUCH: Fields<LoggedTouch> = {
  person: PERSON,
  credentialKind: CREDENTIAL_KIND,
  credentialId: CREDENTIAL_ID,
  publicKey: PUBLIC_KEY,
  rpId: RP_ID,
  clientDataJson: CLIENT_DATA_JSON,
  authenticatorData: AUTHENTICATOR_DATA,
  signature: SIGNATURE,
};
