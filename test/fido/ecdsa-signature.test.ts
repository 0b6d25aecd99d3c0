import { createPublicKey, verify } from 'node:crypto';
import { hex } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEcdsaSignature, encodeEcdsaSignature } from '../../src/fido/ecdsa-signature.ts';
import { codeOf } from '../support/code-of.ts';
import { SoftKey } from '../support/soft-authenticator.ts';

const decodeHex = (text: string) => codeOf(() => decodeEcdsaSignature(hex.decode(text)));

describe('what is not DER of two positive numbers is refused', () => {
  test.each([
    ['nothing', ''],
    ['an empty sequence', '3000'],
    ['one number', '3003020101'],
    ['a zero', '3006020100020101'],
    ['a negative number', '3006020180020101'],
    ['a needless zero', '300702020001020101'],
    ['a missing sign byte', '30060201ff020101'],
    ['a length in long form', '308106020101020101'],
    ['trailing bytes outside', '300602010102010100'],
    ['trailing bytes inside', '300702010102010100'],
    ['another tag', '3106020101020101'],
    ['numbers that are texts', '30060c01010c0101'],
    ['a number that runs out', '30060201010205ff'],
    ['a number of 33 bytes', `3026022101${'00'.repeat(32)}020101`],
  ])('%s', (_, text) => {
    expect(decodeHex(text)).toBe('malformed');
  });
});

describe('a signature', () => {
  test('decodes to the numbers that were encoded', () => {
    const number = fc.uint8Array({ minLength: 1, maxLength: 32 }).filter((bytes) => bytes[0] !== 0);
    fc.assert(
      fc.property(number, number, (r, s) => {
        expect(decodeEcdsaSignature(encodeEcdsaSignature({ r, s }))).toEqual({ r, s });
      }),
    );
  });

  test('by OpenSSL decodes and encodes to the same bytes, 500 times', () => {
    const key = new SoftKey('es256');
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: b64(key.point.subarray(1, 33)),
      y: b64(key.point.subarray(33)),
    };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    for (let round = 0; round < 500; round += 1) {
      const message = Uint8Array.of(round & 0xff, round >> 8);
      const der = encodeEcdsaSignature(decodeEcdsaSignature(key.sign(message)));
      expect(verify('sha256', message, publicKey, der)).toBe(true);
    }
  });
});

function b64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
