import { hex } from '@scure/base';
import { describe, expect, test } from 'vitest';
import type { CborValue } from '../../src/fido/cbor.ts';
import { encodeCbor } from '../../src/fido/cbor.ts';
import { coseOfSecurityKey, decodeCose, encodeCose, securityKeyOfCose } from '../../src/fido/cose.ts';
import { codeOf } from '../support/code-of.ts';
import { SoftSecurityKey } from '../support/soft-authenticator.ts';
import { ALGORITHMS } from './touch-scene.ts';

const X = new Uint8Array(32).fill(0xaa);
const Y = new Uint8Array(32).fill(0xbb);
const decode = (...entries: [number, CborValue][]) => codeOf(() => decodeCose(encodeCbor(new Map(entries))));

describe('a key that is not one of ours is refused', () => {
  test('RSA, P-384, Ed448, ML-DSA, and parameters that contradict each other', () => {
    expect(decode([1, 3], [3, -257], [-1, X], [-2, Y])).toBe('unsupported-algorithm');
    expect(decode([1, 2], [3, -35], [-1, 2], [-2, X], [-3, Y])).toBe('unsupported-algorithm');
    expect(decode([1, 1], [3, -8], [-1, 7], [-2, X])).toBe('unsupported-algorithm');
    expect(decode([1, 7], [3, -48], [-1, X])).toBe('unsupported-algorithm');
    expect(decode([1, 2], [3, -8], [-1, 1], [-2, X], [-3, Y])).toBe('unsupported-algorithm');
    expect(decode([1, 1], [3, -7], [-1, 6], [-2, X])).toBe('unsupported-algorithm');
    expect(decode()).toBe('unsupported-algorithm');
  });

  test('missing, short, long or mistyped coordinates', () => {
    expect(decode([1, 2], [3, -7], [-1, 1], [-2, X])).toBe('malformed');
    expect(decode([1, 1], [3, -8], [-1, 6])).toBe('malformed');
    expect(decode([1, 1], [3, -8], [-1, 6], [-2, X.subarray(1)])).toBe('malformed');
    expect(decode([1, 1], [3, -8], [-1, 6], [-2, Uint8Array.of(...X, 0)])).toBe('malformed');
    expect(decode([1, 1], [3, -8], [-1, 6], [-2, 'x'.repeat(32)])).toBe('malformed');
  });

  test('another order, or members more', () => {
    expect(decode([3, -8], [1, 1], [-1, 6], [-2, X])).toBe('malformed');
    expect(decode([1, 1], [3, -8], [-1, 6], [-2, X], [4, 2])).toBe('malformed');
    expect(decode([1, 1], [2, X], [3, -8], [-1, 6], [-2, X])).toBe('malformed');
  });

  test('no map, trailing bytes, too long', () => {
    expect(codeOf(() => decodeCose(encodeCbor([1, 2])))).toBe('malformed');
    const good = encodeCose({ family: 'ed25519', point: X });
    expect(codeOf(() => decodeCose(Uint8Array.of(...good, 0)))).toBe('malformed');
    expect(codeOf(() => decodeCose(new Uint8Array(129)))).toBe('too-long');
  });

  test('cut at every byte', () => {
    for (const family of ['ed25519', 'p256'] as const) {
      const good = encodeCose({ family, point: family === 'p256' ? Uint8Array.of(4, ...X, ...Y) : X });
      for (let length = 0; length < good.length; length += 1)
        expect(codeOf(() => decodeCose(good.subarray(0, length)))).toBe('malformed');
    }
  });
});

describe('a key', () => {
  test('has the bytes of RFC 9053 in canonical order', () => {
    expect(hex.encode(encodeCose({ family: 'p256', point: Uint8Array.of(4, ...X, ...Y) }))).toBe(
      `a5010203262001215820${'aa'.repeat(32)}225820${'bb'.repeat(32)}`,
    );
    expect(hex.encode(encodeCose({ family: 'ed25519', point: X }))).toBe(
      `a4010103272006215820${'aa'.repeat(32)}`,
    );
  });

  test.each(ALGORITHMS)('is the same in SSH and in COSE, %s', (algorithm) => {
    const { publicKey } = new SoftSecurityKey({ algorithm, application: 'ssh:ca.example.org' });
    expect(securityKeyOfCose(coseOfSecurityKey(publicKey), 'ssh:ca.example.org')).toEqual(publicKey);
  });
});
