/**
 * Public keys as COSE_Key (RFC 9053, CTAP2 canonical order), for the two algorithms that OpenSSH's security keys share
 * with WebAuthn: ES256 over P-256 and EdDSA over Ed25519. Runs in browsers too.
 */

import type { SecurityPublicKey } from '../ssh/public-key.ts';
import type { CborValue } from './cbor.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { equalBytes } from './equal-bytes.ts';
import { FidoError } from './error.ts';

/** Numbers of the IANA registry "COSE Algorithms", in the order we prefer them. */
export const COSE_ALGORITHMS: readonly number[] = [-7, -8];

/** What both worlds agree on: the curve and the point as SSH writes it (32 bytes, or 04 | X | Y). */
export interface CredentialKey {
  readonly family: 'ed25519' | 'p256';
  readonly point: Uint8Array;
}

const KTY = 1;
const ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;
const OKP = { kty: 1, alg: -8, crv: 6 };
const EC2 = { kty: 2, alg: -7, crv: 1 };
const COORDINATE_BYTES = 32;
const MAX_COSE_BYTES = 128;

export function encodeCose({ family, point }: CredentialKey): Uint8Array {
  const { kty, alg, crv } = family === 'ed25519' ? OKP : EC2;
  const entries: [number, CborValue][] = [
    [KTY, kty],
    [ALG, alg],
    [CRV, crv],
  ];
  if (family === 'ed25519') entries.push([X, point]);
  else entries.push([X, point.slice(1, 1 + COORDINATE_BYTES)], [Y, point.slice(1 + COORDINATE_BYTES)]);
  return encodeCbor(new Map(entries));
}

/** @throws FidoError('malformed' | 'too-long' | 'unsupported-algorithm'); order and extra members count as malformed. */
export function decodeCose(bytes: Uint8Array): CredentialKey {
  if (bytes.length > MAX_COSE_BYTES)
    throw new FidoError('too-long', `a COSE key of ours has at most ${MAX_COSE_BYTES} bytes`);
  const map = decodeCbor(bytes);
  if (!(map instanceof Map)) throw new FidoError('malformed', 'a COSE key is a map');
  const key = pointOf(map);
  if (!equalBytes(encodeCose(key), bytes))
    throw new FidoError('malformed', 'the COSE key is not in canonical form');
  return key;
}

export function coseOfSecurityKey(key: SecurityPublicKey): Uint8Array {
  const family = key.type === 'sk-ssh-ed25519@openssh.com' ? 'ed25519' : 'p256';
  return encodeCose({ family, point: key.point });
}

/** The same key as OpenSSH names it, for comparing keys across both worlds. */
export function securityKeyOfCose(cose: Uint8Array, application: string): SecurityPublicKey {
  const { family, point } = decodeCose(cose);
  return family === 'ed25519'
    ? { type: 'sk-ssh-ed25519@openssh.com', point, application }
    : { type: 'sk-ecdsa-sha2-nistp256@openssh.com', point, application };
}

function pointOf(map: ReadonlyMap<unknown, unknown>): CredentialKey {
  if (hasParameters(map, OKP)) return { family: 'ed25519', point: coordinate(map.get(X)) };
  if (hasParameters(map, EC2)) {
    const point = Uint8Array.of(4, ...coordinate(map.get(X)), ...coordinate(map.get(Y)));
    return { family: 'p256', point };
  }
  throw new FidoError('unsupported-algorithm', 'a credential is an ES256 or an EdDSA (Ed25519) key');
}

function hasParameters(map: ReadonlyMap<unknown, unknown>, { kty, alg, crv }: typeof OKP): boolean {
  return map.get(KTY) === kty && map.get(ALG) === alg && map.get(CRV) === crv;
}

function coordinate(value: unknown): Uint8Array {
  if (value instanceof Uint8Array && value.length === COORDINATE_BYTES) return value;
  throw new FidoError('malformed', 'a coordinate has 32 bytes');
}
