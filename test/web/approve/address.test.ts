import { describe, expect, it } from 'vitest';
import { parseApproveAddress } from '../../../web/approve/address.ts';
import { isPerson } from '../../../web/person-name.ts';

const ID = 'AbCdEfGhIjKlMnOpQr-_uv';
const SECRET = `${'s'.repeat(41)}-_`;

describe('the address of a request that waits', () => {
  it.each([
    '',
    '#',
    `#${ID}`,
    `#${ID}.`,
    `#${ID}.short`,
    `#${ID}.${SECRET}x`,
    `#${ID}.${SECRET.slice(1)}`,
    `#${ID}x.${SECRET}`,
    `#${ID}.${SECRET}.`,
    `#${ID}.${SECRET}.Bob`,
    `#${ID}.${SECRET}.bob smith`,
    `#${ID}.${SECRET}.<b>bob</b>`,
    `#${ID}.${SECRET}.${'b'.repeat(33)}`,
    `#${ID}.${SECRET}.40000.${'t'.repeat(22)}`,
  ])('is not %j', (fragment) => {
    expect(parseApproveAddress(fragment)).toBeUndefined();
  });

  it('names the request, the secret to see it, and perhaps who is to answer', () => {
    const address = { requestId: ID, viewSecret: SECRET };
    expect(parseApproveAddress(`#${ID}.${SECRET}`)).toEqual({ address });
    expect(parseApproveAddress(`#${ID}.${SECRET}.bob`)).toEqual({ address, person: 'bob' });
    expect(parseApproveAddress(`#${ID}.${SECRET}.bob.smith`)).toEqual({ address, person: 'bob.smith' });
  });
});

it('a person has a name as in the roster', () => {
  expect(['bob', '_bob', 'bob.smith-2', 'b'.repeat(32)].filter(isPerson)).toHaveLength(4);
  expect(['', 'Bob', '2bob', 'bob@web1', 'b b', 'b'.repeat(33), 'bob\n'].filter(isPerson)).toEqual([]);
});
