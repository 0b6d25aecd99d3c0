/** Which lists of revoked keys a host takes, with the ssh-keygen that is here. */
import { describe, expect, it } from 'vitest';
import { checkKrl } from '../../../cli/machine/krl.ts';
import { realSurroundings } from '../../../cli/real-surroundings.ts';
import { encodeKrl } from '../../../src/ssh/krl.ts';
import { NOW } from '../../support/certificates.ts';

const surroundings = { ...realSurroundings(), now: () => NOW };
const refused = expect.objectContaining({ code: 'bundle-refused' });

function krl(number: number): Uint8Array {
  const frame = { number: BigInt(number), generatedAt: BigInt(NOW), comment: '' };
  return encodeKrl({ ...frame, certificates: [], keys: [], fingerprints: [] });
}

const check = (next: Uint8Array, placed?: Uint8Array) => checkKrl(surroundings, 'revoked_keys', next, placed);

describe('a list of revoked keys', () => {
  it('is taken when it is newer than the one in place, or the first', async () => {
    await check(krl(NOW));
    await check(krl(NOW + 3600), krl(NOW));
  });

  it.each([
    ['older than the one in place', krl(NOW - 1), krl(NOW)],
    ['one after which no other would ever be newer', krl(NOW + 3601), undefined],
    ['none', Uint8Array.of(1), undefined],
  ])('is refused when it is %s', async (_title, next, placed) => {
    await expect(check(next, placed)).rejects.toThrow(refused);
  });
});
