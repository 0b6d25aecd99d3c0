/** What a key is, in words for people. Runs in browsers too. */
import type { PublicKey } from './public-key.ts';
import { isSecurityKey } from './public-key.ts';

const KEY_TYPES: Readonly<Record<PublicKey['type'], string>> = {
  'ssh-ed25519': 'Ed25519',
  'ecdsa-sha2-nistp256': 'ECDSA P-256',
  'ecdsa-sha2-nistp384': 'ECDSA P-384',
  'ecdsa-sha2-nistp521': 'ECDSA P-521',
  'ssh-rsa': 'RSA',
  'sk-ssh-ed25519@openssh.com': 'Ed25519 in a security key',
  'sk-ecdsa-sha2-nistp256@openssh.com': 'ECDSA P-256 in a security key',
};

export function keyInWords(key: PublicKey): string {
  const size = key.type === 'ssh-rsa' ? ` with ${bitLength(key.modulus)} bits` : '';
  return `${KEY_TYPES[key.type]}${size}`;
}

/** The same of a key that is to be certified: whether it is a security key is said either way, since a role may want one. */
export function subjectInWords(key: PublicKey): string {
  return isSecurityKey(key) ? keyInWords(key) : `${keyInWords(key)}, not in a security key`;
}

function bitLength(magnitude: Uint8Array): number {
  return magnitude.length * 8 - (Math.clz32(magnitude[0] ?? 0) - 24);
}
