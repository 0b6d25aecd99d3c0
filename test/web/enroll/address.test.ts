import { base64nopad, base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { parseInviteAddress } from '../../../web/enroll/address.ts';

const INVITE = `${'I'.repeat(42)}A`;
const HASH = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
const PRINT = base64urlnopad.encode(HASH);

describe('the address of an invite', () => {
  it.each([
    '',
    '#',
    '#alice',
    `#alice.${INVITE}`,
    `#.${INVITE}.${PRINT}`,
    `#alice.${INVITE}x.${PRINT}`,
    `#alice.${INVITE}.${PRINT}x`,
    `#alice/.${INVITE}.${PRINT}`,
    // The last character has bits that no 32 bytes have.
    `#alice.${INVITE}.${'A'.repeat(42)}B`,
  ])('is not %j', (fragment) => {
    expect(parseInviteAddress(fragment)).toBeUndefined();
  });

  it('names a person, dots included, the invite and the bundle key as OpenSSH writes it', () => {
    expect(parseInviteAddress(`#alice.b.${INVITE}.${PRINT}`)).toEqual({
      person: 'alice.b',
      invite: INVITE,
      bundleKeyFingerprint: `SHA256:${base64nopad.encode(HASH)}`,
    });
  });
});
