/** Keys for tests: fresh ones of every type, and a security key in software whose flags can be chosen. */

import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, sign } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import type { PrivateKey } from '../../src/ssh/private-key.ts';
import { privateKeyFromObject, signMessage } from '../../src/ssh/private-key.ts';
import type { KeyType, PublicKey, SecurityPublicKey } from '../../src/ssh/public-key.ts';
import { encodeSignature } from '../../src/ssh/signature.ts';
import { WireWriter } from '../../src/ssh/wire.ts';

export type PlainKeyType = Exclude<KeyType, SecurityPublicKey['type']>;

export const PLAIN_KEY_TYPES: readonly PlainKeyType[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
];

export const SECURITY_KEY_TYPES: readonly SecurityPublicKey['type'][] = [
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];

/** A fresh plain key. RSA takes a while: share it. */
export function generateKey(type: PlainKeyType): PrivateKey {
  return privateKeyFromObject(generateObject(type));
}

function generateObject(type: PlainKeyType): KeyObject {
  switch (type) {
    case 'ssh-ed25519':
      return generateKeyPairSync('ed25519').privateKey;
    case 'ssh-rsa':
      return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey;
    case 'ecdsa-sha2-nistp256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ecdsa-sha2-nistp384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    default:
      return generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey;
  }
}

export interface SecurityKeySignatureOptions {
  /** The flags byte; 0x01 user present (the default), 0x04 user verified. */
  readonly flags?: number;
  readonly counter?: number;
  /** Sign for another application than the key's. */
  readonly application?: string;
}

/** An authenticator in software, for one `sk` SSH key. */
export interface SoftwareSecurityKey {
  readonly publicKey: SecurityPublicKey;
  sign(message: Uint8Array, options?: SecurityKeySignatureOptions): Uint8Array;
}

export function generateSecurityKey(
  type: SecurityPublicKey['type'],
  application = 'ssh:',
): SoftwareSecurityKey {
  const plain = type === 'sk-ssh-ed25519@openssh.com' ? 'ssh-ed25519' : 'ecdsa-sha2-nistp256';
  const key = generateKey(plain);
  const publicKey = asSecurityKey(key.publicKey, application);
  return {
    publicKey,
    sign: (message, { flags = 1, counter = 7, application: signedFor = application } = {}) => {
      const signed = new WireWriter()
        .raw(sha256(new TextEncoder().encode(signedFor)))
        .byte(flags)
        .uint32(counter)
        .raw(sha256(message))
        .bytes();
      const hash = plain === 'ssh-ed25519' ? undefined : 'sha256';
      const value = sign(hash, signed, { key: key.object, dsaEncoding: 'ieee-p1363' });
      return new WireWriter().raw(encodeSignature(type, value)).byte(flags).uint32(counter).bytes();
    },
  };
}

function asSecurityKey(key: PublicKey, application: string): SecurityPublicKey {
  if (key.type === 'ssh-ed25519')
    return { type: 'sk-ssh-ed25519@openssh.com', point: key.point, application };
  if (key.type === 'ecdsa-sha2-nistp256')
    return { type: 'sk-ecdsa-sha2-nistp256@openssh.com', point: key.point, application };
  throw new TypeError(`there is no security key form of ${key.type}`);
}

/** Anything that signs as a CA would. */
export interface TestSigner {
  readonly publicKey: PublicKey;
  sign(message: Uint8Array): Uint8Array;
}

/** A fresh signer of any type, security keys in software included. */
export function generateSigner(type: KeyType): TestSigner {
  if (type === 'sk-ssh-ed25519@openssh.com' || type === 'sk-ecdsa-sha2-nistp256@openssh.com')
    return generateSecurityKey(type);
  const key = generateKey(type);
  return { publicKey: key.publicKey, sign: (message) => signMessage(key, message) };
}
