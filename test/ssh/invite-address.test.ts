import { base64nopad, base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { formatInviteAddress, parseInviteFragment } from '../../src/ssh/invite-address.ts';

const SECRET = `${'I'.repeat(42)}A`;
const HASH = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
const PRINT = base64urlnopad.encode(HASH);
const BUNDLE_KEY = `SHA256:${base64nopad.encode(HASH)}`;

describe('the fragment of an invite', () => {
  it.each([
    '',
    '#',
    '#alice',
    `#alice.${SECRET}`,
    `#.${SECRET}.${PRINT}`,
    `#alice.${SECRET}x.${PRINT}`,
    `#alice.${SECRET}.${PRINT}x`,
    `#alice/.${SECRET}.${PRINT}`,
    // The last character has bits that no 32 bytes have.
    `#alice.${SECRET}.${'A'.repeat(42)}B`,
  ])('is not %j', (fragment) => {
    expect(parseInviteFragment(fragment)).toBeUndefined();
  });

  it('names a person, dots included, the secret and the bundle key as OpenSSH writes it', () => {
    const invite = { person: 'alice.b', secret: SECRET, bundleKey: BUNDLE_KEY };
    expect(parseInviteFragment(`#alice.b.${SECRET}.${PRINT}`)).toEqual(invite);
  });
});

it('the address of an invite has all but the origin in its fragment', () => {
  const invite = { person: 'alice.b', secret: SECRET, bundleKey: BUNDLE_KEY };
  const address = formatInviteAddress('https://ca.example.org', invite);
  expect(address).toBe(`https://ca.example.org/enroll#alice.b.${SECRET}.${PRINT}`);
  expect(parseInviteFragment(new URL(address).hash)).toEqual(invite);
});
