import { hex } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { isSoundEd25519Point } from '../../src/ssh/ed25519-point.ts';
import { keyIdentity } from '../../src/ssh/key-identity.ts';
import { toKeyObject } from '../../src/ssh/key-object.ts';
import { ed25519FromSeed } from '../../src/ssh/private-key.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { generateKey, PLAIN_KEY_TYPES } from '../support/keys.ts';

describe('the identity of a key', () => {
  it('is the same under every application and without one', () => {
    for (const [plain, security] of [
      ['ssh-ed25519', 'sk-ssh-ed25519@openssh.com'],
      ['ecdsa-sha2-nistp256', 'sk-ecdsa-sha2-nistp256@openssh.com'],
    ] as const) {
      const key = generateKey(plain).publicKey;
      if (!('point' in key)) throw new TypeError('a key with a point');
      // The types above are pairs of a key type and its security key form.
      const under = (application: string) => ({ type: security, point: key.point, application }) as PublicKey;
      const identities = [key, under('ssh:'), under('ssh:ca.example.org')].map(keyIdentity);
      expect(new Set(identities).size).toBe(1);
      expect(identities[0]).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it('is another for every other key', () => {
    const keys = PLAIN_KEY_TYPES.flatMap((type) => [generateKey(type), generateKey(type)]);
    expect(new Set(keys.map(({ publicKey }) => keyIdentity(publicKey))).size).toBe(keys.length);
  });

  it('does not change between versions: it is stored', () => {
    const key = ed25519FromSeed(new Uint8Array(32).fill(7)).publicKey;
    expect(keyIdentity(key)).toBe('f226cb15ea77bdf40cc6d5ee6275125a7f9994f0abfde9d3c520db838bafcca9');
  });
});

describe('an Ed25519 key that proves nothing is refused', () => {
  const points: readonly (readonly [string, string])[] = [
    ['of order 1', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['of order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['of order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['of order 4, negated', '0000000000000000000000000000000000000000000000000000000000000080'],
    ['of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['of order 8, negated', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
    ['of order 8, the other', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['of order 8, the other, negated', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
    [
      'of order 1 with a y beyond the field',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ],
    ['with a y of the field itself', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['with all bits set', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
    ['off the curve', '0200000000000000000000000000000000000000000000000000000000000000'],
    ['with a byte too few', '00'.repeat(31)],
  ];

  it.each(points)('%s', (_, text) => {
    expect(isSoundEd25519Point(hex.decode(text))).toBe(false);
    const key = { type: 'ssh-ed25519', point: hex.decode(text) } as const;
    expect(() => toKeyObject(key)).toThrow(expect.objectContaining({ code: 'bad-key' }));
  });

  it('about half of all numbers are points, and so is every generated key', () => {
    // The first law would hold of a check that refuses all, the second of one that refuses nothing.
    const sound = Array.from({ length: 400 }, (_, index) =>
      isSoundEd25519Point(new Uint8Array(32).fill(index & 63).fill(index >> 2, 9, 10)),
    );
    expect(sound.filter(Boolean).length).toBeGreaterThan(100);
    expect(sound.filter(Boolean).length).toBeLessThan(300);
    for (let index = 0; index < 200; index++) expect(isSoundEd25519Point(pointOf(index))).toBe(true);
  });
});

function pointOf(index: number): Uint8Array {
  const { publicKey } = ed25519FromSeed(new Uint8Array(32).fill(index));
  if (publicKey.type !== 'ssh-ed25519') throw new TypeError('an Ed25519 key');
  return publicKey.point;
}
