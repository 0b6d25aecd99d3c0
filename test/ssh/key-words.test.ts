import { expect, it } from 'vitest';
import { keyInWords, subjectInWords } from '../../src/ssh/key-words.ts';

const RSA = {
  type: 'ssh-rsa',
  exponent: Uint8Array.of(1, 0, 1),
  modulus: new Uint8Array(384).fill(0x80),
} as const;
const SK = { type: 'sk-ssh-ed25519@openssh.com', point: new Uint8Array(32), application: 'ssh:' } as const;

it('an RSA key names its size, a security key that it is one', () => {
  expect(keyInWords(RSA)).toBe('RSA with 3072 bits');
  expect(keyInWords(SK)).toBe('Ed25519 in a security key');
});

it('of a key that is to be certified it is said either way', () => {
  expect(subjectInWords(SK)).toBe('Ed25519 in a security key');
  expect(subjectInWords({ type: 'ssh-ed25519', point: SK.point })).toBe('Ed25519, not in a security key');
});
