import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { keyCode } from '../../src/ssh/key-code.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';

const KEY = { type: 'ssh-ed25519', point: new Uint8Array(32).fill(9) } as const;
const SK = { type: 'sk-ssh-ed25519@openssh.com', point: KEY.point, application: 'ssh:' } as const;

it('another key has another code: of another point, type or application', () => {
  const others = [{ ...KEY, point: new Uint8Array(32).fill(8) }, SK, { ...SK, application: 'ssh:sudo' }];
  expect(new Set([KEY, ...others].map(keyCode)).size).toBe(4);
});

it('is 80 bits of a hash over the key alone, in letters that nobody mistakes', () => {
  const text = (bytes: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const hash = createHash('sha256')
    .update(text(Buffer.from('usher key code v1')))
    .update(text(encodePublicKey(KEY)))
    .digest();
  const bits = BigInt(`0x${hash.subarray(0, 10).toString('hex')}`);
  const letters = Array.from(
    { length: 16 },
    (_, index) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number((bits >> BigInt(75 - 5 * index)) & 31n)],
  );
  expect(keyCode(KEY)).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
  expect(keyCode(KEY).replaceAll('-', '')).toBe(letters.join(''));
});
