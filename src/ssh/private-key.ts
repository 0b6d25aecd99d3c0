/** Private keys in memory and the signatures they make. Nothing here prints, serialises or stores one. */

import type { KeyObject } from 'node:crypto';
import { createPrivateKey, sign } from 'node:crypto';
import { SshError } from './error.ts';
import { fromKeyObject } from './key-object.ts';
import type { PublicKey, SecurityPublicKey } from './public-key.ts';
import type { SignatureFormat } from './signature.ts';
import { ALGORITHMS, encodeSignature } from './signature.ts';

export interface PrivateKey {
  readonly publicKey: PublicKey;
  readonly object: KeyObject;
}

/** What the file of an `sk` key holds: not a secret by itself, but the handle by which its authenticator finds the key. */
export interface SecurityKeyFile {
  readonly publicKey: SecurityPublicKey;
  /** PROTOCOL.u2f: 0x01 touch required, 0x04 verification required, 0x20 resident. */
  readonly flags: number;
  readonly keyHandle: Uint8Array;
  readonly comment: string;
}

/** RFC 8410: the PKCS#8 frame around an Ed25519 seed. */
const ED25519_PKCS8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/** The key of a 32-byte seed from a cryptographic generator. */
export function ed25519FromSeed(seed: Uint8Array): PrivateKey {
  if (seed.length !== 32) throw new TypeError('an Ed25519 seed has 32 bytes');
  const der = Buffer.concat([ED25519_PKCS8, seed]);
  return privateKeyFromObject(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

/** @throws SshError when this is no private key of an accepted kind and size. */
export function privateKeyFromObject(object: KeyObject): PrivateKey {
  if (object.type !== 'private') throw new SshError('bad-key', 'this is not a private key');
  return { publicKey: fromKeyObject(object), object };
}

/** The signature blob over `message`; RSA keys sign with `rsa-sha2-512`. */
export function signMessage(key: PrivateKey, message: Uint8Array): Uint8Array {
  const format = formatFor(key.publicKey);
  const { hash } = ALGORITHMS[format];
  return encodeSignature(format, sign(hash, message, { key: key.object, dsaEncoding: 'ieee-p1363' }));
}

function formatFor(key: PublicKey): SignatureFormat {
  return key.type === 'ssh-rsa' ? 'rsa-sha2-512' : key.type;
}
