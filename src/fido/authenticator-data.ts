/** Authenticator data (WebAuthn, section 6.1): the fixed 37 bytes that every answer begins with. */
import { FidoError } from './error.ts';

export interface AuthenticatorData {
  readonly rpIdHash: Uint8Array;
  readonly flags: AuthenticatorFlags;
  readonly counter: number;
  /** Attested credential data and extensions, still encoded. */
  readonly rest: Uint8Array;
}

export interface AuthenticatorFlags {
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly hasCredential: boolean;
  readonly hasExtensions: boolean;
}

const RP_ID_HASH_BYTES = 32;
const FIXED_BYTES = 37;

/** @throws FidoError('malformed' | 'bad-flags') */
export function parseAuthenticatorData(bytes: Uint8Array): AuthenticatorData {
  if (bytes.length < FIXED_BYTES)
    throw new FidoError('malformed', `authenticator data has at least ${FIXED_BYTES} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = flagsOf(view.getUint8(RP_ID_HASH_BYTES));
  const rest = bytes.slice(FIXED_BYTES);
  assertConsistent(flags, rest);
  return {
    rpIdHash: bytes.slice(0, RP_ID_HASH_BYTES),
    flags,
    counter: view.getUint32(RP_ID_HASH_BYTES + 1),
    rest,
  };
}

function flagsOf(byte: number): AuthenticatorFlags {
  return {
    userPresent: (byte & 0x01) !== 0,
    userVerified: (byte & 0x04) !== 0,
    backupEligible: (byte & 0x08) !== 0,
    backedUp: (byte & 0x10) !== 0,
    hasCredential: (byte & 0x40) !== 0,
    hasExtensions: (byte & 0x80) !== 0,
  };
}

function assertConsistent(flags: AuthenticatorFlags, rest: Uint8Array): void {
  // WebAuthn, section 6.1.3: what can not be backed up is not backed up.
  if (flags.backedUp && !flags.backupEligible)
    throw new FidoError('bad-flags', 'a credential that can not be backed up says that it is');
  const announcesMore = flags.hasCredential || flags.hasExtensions;
  if (announcesMore !== rest.length > 0)
    throw new FidoError('bad-flags', 'the flags of the authenticator data contradict its length');
}
