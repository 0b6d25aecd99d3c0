/** What the browser's authenticator made, and what of it the authority will keep. */
import { base64urlnopad } from '@scure/base';

/** As `navigator.credentials.create()` gave it; bytes in base64url. */
export interface NewCredential {
  readonly credentialId: string;
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly authenticatorData: string | undefined;
}

const FLAGS_AT = 32;
const HAS_CREDENTIAL = 0x40;
const HAS_EXTENSIONS = 0x80;
/** RP id hash, flags, counter and AAGUID stand before the length of the credential id (WebAuthn, section 6.5.1). */
const ID_LENGTH_AT = 53;
const ID_AT = 55;

/**
 * Whether id and COSE key are the ones that this browser's authenticator has just made: the last touch of an enrolment
 * confirms both, so that nobody can have another key confirmed in their place.
 */
export function isOwnKey(made: NewCredential, credentialId: string, publicKey: Uint8Array): boolean {
  if (made.authenticatorData === undefined || made.credentialId !== credentialId) return false;
  const data = base64urlnopad.decode(made.authenticatorData);
  if (data.length < ID_AT || !hasFlag(data, HAS_CREDENTIAL)) return false;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const keyAt = ID_AT + view.getUint16(ID_LENGTH_AT);
  const rest = data.slice(keyAt);
  // Extensions may follow the key; without them it is the whole rest.
  const key = hasFlag(data, HAS_EXTENSIONS) ? rest.slice(0, publicKey.length) : rest;
  return (
    sameBytes(data.slice(ID_AT, keyAt), base64urlnopad.decode(credentialId)) && sameBytes(key, publicKey)
  );
}

function hasFlag(data: Uint8Array, flag: number): boolean {
  return ((data[FLAGS_AT] ?? 0) & flag) !== 0;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length > 0 && a.length === b.length && a.every((byte, index) => byte === b[index]);
}
