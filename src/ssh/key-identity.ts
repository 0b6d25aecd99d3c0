/** A key has one role (docs: design), so two keys must be recognisable as the same one. Runs in browsers too. */
import { sha256 } from '@noble/hashes/sha2.js';
import { hex } from '@scure/base';
import type { KeyType, PublicKey } from './public-key.ts';
import { WireWriter } from './wire.ts';

const FAMILIES: { readonly [T in KeyType]: string } = {
  'ssh-ed25519': 'ed25519',
  'sk-ssh-ed25519@openssh.com': 'ed25519',
  'ecdsa-sha2-nistp256': 'nistp256',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'nistp256',
  'ecdsa-sha2-nistp384': 'nistp384',
  'ecdsa-sha2-nistp521': 'nistp521',
  'ssh-rsa': 'rsa',
};

/**
 * SHA-256 in hex over the family of the algorithm and the key's numbers. The application of a security key does not count: whoever makes
 * the authenticator sign under one name may make it sign under another.
 */
export function keyIdentity(key: PublicKey): string {
  const writer = new WireWriter().string('usher key v1').string(FAMILIES[key.type]);
  if (key.type === 'ssh-rsa') writer.mpint(key.exponent).mpint(key.modulus);
  else writer.string(key.point);
  return hex.encode(sha256(writer.bytes()));
}
