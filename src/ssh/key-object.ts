/** Public keys of SSH as keys of `node:crypto`, and back. Here a point that is not on its curve is refused. */

import type { JsonWebKey, KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { base64urlnopad } from '@scure/base';
import { isSoundEd25519Point } from './ed25519-point.ts';
import { SshError } from './error.ts';
import type { PublicKey } from './public-key.ts';
import { decodePublicKey, encodePublicKey } from './public-key.ts';

const P256 = { name: 'P-256', bytes: 32 };
const CURVES = {
  'ecdsa-sha2-nistp256': P256,
  'ecdsa-sha2-nistp384': { name: 'P-384', bytes: 48 },
  'ecdsa-sha2-nistp521': { name: 'P-521', bytes: 66 },
  'sk-ecdsa-sha2-nistp256@openssh.com': P256,
} as const;

/**
 * The key for `verify`. A security key gives the key inside it.
 * @throws SshError `bad-key` when a point is not on its curve, or is one under which signatures prove nothing.
 */
export function toKeyObject(key: PublicKey): KeyObject {
  const known = made.get(key);
  if (known !== undefined) return known;
  const object = makeKeyObject(key);
  made.set(key, object);
  return object;
}

/** A key is a value: what was made of it once can serve again. CA keys verify every certificate. */
const made = new WeakMap<PublicKey, KeyObject>();

function makeKeyObject(key: PublicKey): KeyObject {
  if (
    (key.type === 'ssh-ed25519' || key.type === 'sk-ssh-ed25519@openssh.com') &&
    !isSoundEd25519Point(key.point)
  )
    throw new SshError('bad-key', 'the Ed25519 key is not a usable point of its curve');
  try {
    return createPublicKey({ key: toJwk(key), format: 'jwk' });
  } catch (cause) {
    throw new SshError('bad-key', `the numbers of this ${key.type} key are no key`, { cause });
  }
}

/**
 * The SSH key of a public or private key object.
 * @throws SshError for kinds of key, curves and sizes that are not accepted.
 */
export function fromKeyObject(object: KeyObject): PublicKey {
  const key = fromJwk(object.export({ format: 'jwk' }));
  // Through the bytes, so that the rules of decoding (RSA sizes above all) hold for these keys too.
  return decodePublicKey(encodePublicKey(key));
}

/** The numbers of a key as a JSON Web Key; whether they are a key is not checked. A security key gives the key inside it. */
export function toJwk(key: PublicKey): JsonWebKey {
  switch (key.type) {
    case 'ssh-ed25519':
    case 'sk-ssh-ed25519@openssh.com':
      return { kty: 'OKP', crv: 'Ed25519', x: base64urlnopad.encode(key.point) };
    case 'ssh-rsa':
      return { kty: 'RSA', e: base64urlnopad.encode(key.exponent), n: base64urlnopad.encode(key.modulus) };
    default: {
      const { name, bytes } = CURVES[key.type];
      const [x, y] = [key.point.subarray(1, 1 + bytes), key.point.subarray(1 + bytes)];
      return { kty: 'EC', crv: name, x: base64urlnopad.encode(x), y: base64urlnopad.encode(y) };
    }
  }
}

function fromJwk(jwk: JsonWebKey): PublicKey {
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519') return { type: 'ssh-ed25519', point: number(jwk.x) };
  if (jwk.kty === 'RSA') return { type: 'ssh-rsa', exponent: number(jwk.e), modulus: number(jwk.n) };
  for (const type of ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'] as const)
    if (jwk.kty === 'EC' && jwk.crv === CURVES[type].name)
      return { type, point: Uint8Array.of(4, ...number(jwk.x), ...number(jwk.y)) };
  throw new SshError('unknown-type', 'keys of this kind or curve are not accepted');
}

function number(text: string | undefined): Uint8Array {
  return base64urlnopad.decode(text ?? '');
}
