/** The new credential inside an attestation object (WebAuthn, sections 6.5.1 and 6.5.4), read strictly. */
import { hex } from '@scure/base';
import type { AuthenticatorData } from './authenticator-data.ts';
import { parseAuthenticatorData } from './authenticator-data.ts';
import type { CborValue } from './cbor.ts';
import { decodeCbor, decodeFirstCbor, encodeCbor } from './cbor.ts';
import { decodeCose } from './cose.ts';
import { FidoError } from './error.ts';

export interface AttestedCredential {
  readonly fmt: string;
  /** Leaf first; empty when there is no certificate. */
  readonly certificates: readonly Uint8Array[];
  readonly data: AuthenticatorData;
  /** As usually written: lower case, 8-4-4-4-12. */
  readonly aaguid: string;
  readonly credentialId: Uint8Array;
  /** COSE, canonical. */
  readonly publicKey: Uint8Array;
}

const AAGUID_BYTES = 16;

/** @throws FidoError('malformed' | 'bad-flags' | 'unsupported-algorithm') */
export function parseAttestationObject(bytes: Uint8Array): AttestedCredential {
  const { fmt, attStmt, authData } = membersOf(decodeCbor(bytes));
  const data = parseAuthenticatorData(authData);
  if (!data.flags.hasCredential) throw new FidoError('bad-flags', 'the registration holds no credential');
  return { fmt, certificates: certificatesOf(attStmt), data, ...credentialOf(data) };
}

/** The object that `parseAttestationObject` reads, for tools that print its parts. */
export function encodeAttestationObject(
  fmt: string,
  attStmt: ReadonlyMap<string, CborValue>,
  authData: Uint8Array,
): Uint8Array {
  const members: [string, CborValue][] = [
    ['fmt', fmt],
    ['attStmt', attStmt],
    ['authData', authData],
  ];
  return encodeCbor(new Map(members));
}

interface Members {
  readonly fmt: string;
  readonly attStmt: ReadonlyMap<unknown, unknown>;
  readonly authData: Uint8Array;
}

function membersOf(object: CborValue): Members {
  if (!(object instanceof Map) || object.size !== 3) throw malformed('an attestation object has 3 members');
  const fmt: unknown = object.get('fmt');
  const attStmt: unknown = object.get('attStmt');
  const authData: unknown = object.get('authData');
  if (typeof fmt !== 'string' || !(attStmt instanceof Map) || !(authData instanceof Uint8Array))
    throw malformed('an attestation object has fmt, attStmt and authData');
  return { fmt, attStmt, authData };
}

function certificatesOf(attStmt: ReadonlyMap<unknown, unknown>): readonly Uint8Array[] {
  const x5c = attStmt.get('x5c') ?? [];
  if (!Array.isArray(x5c)) throw malformed('x5c is a list of certificates');
  return x5c.map((certificate: unknown) => {
    if (!(certificate instanceof Uint8Array)) throw malformed('a certificate in x5c is a byte string');
    return certificate;
  });
}

function credentialOf({ rest, flags }: AuthenticatorData) {
  const idStart = AAGUID_BYTES + 2;
  if (rest.length < idStart) throw malformed('the attested credential is cut short');
  const idLength = new DataView(rest.buffer, rest.byteOffset).getUint16(AAGUID_BYTES);
  if (idLength === 0) throw malformed('the credential id is empty');
  const key = decodeFirstCbor(rest.subarray(idStart + idLength));
  if (flags.hasExtensions !== key.rest.length > 0)
    throw new FidoError('bad-flags', 'what follows the new credential contradicts the flags');
  return {
    aaguid: formatAaguid(rest.subarray(0, AAGUID_BYTES)),
    credentialId: rest.slice(idStart, idStart + idLength),
    publicKey: canonicalCose(key.value),
  };
}

function canonicalCose(value: CborValue): Uint8Array {
  const cose = encodeCbor(value);
  decodeCose(cose);
  return cose;
}

function formatAaguid(bytes: Uint8Array): string {
  return hex.encode(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function malformed(message: string): FidoError {
  return new FidoError('malformed', message);
}
