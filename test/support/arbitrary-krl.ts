/** Any KRL that we could write, for fast-check: serials that stand alone, close together, and in rows. */
import fc from 'fast-check';
import type { Krl } from '../../src/ssh/krl.ts';
import type { RevokedCertificates } from '../../src/ssh/krl-certificates.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import type { SerialRun } from '../../src/ssh/serial-set.ts';
import { SerialSet } from '../../src/ssh/serial-set.ts';

const LAST = 2n ** 64n - 1n;
const uint64 = fc.bigInt({ min: 0n, max: LAST });
const serial = fc.bigInt({ min: 1n, max: LAST });
const keyId = fc.stringMatching(/^[A-Za-z0-9._:@/+=-]{1,40}$/);

/** Runs after one another: each gap and each length is short, or about as long as a bitmap, or long. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: 1n, max: 80n }) },
  { weight: 2, arbitrary: fc.bigInt({ min: 16_000n, max: 16_400n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 1n, max: 2n ** 40n }) },
);
const rows = fc
  .tuple(serial, fc.array(fc.tuple(step, step), { maxLength: 40 }))
  .map(([start, steps]) => runsFrom(start, steps));

export const arbitraryRuns: fc.Arbitrary<readonly SerialRun[]> = fc.oneof(
  rows,
  fc.array(serial, { maxLength: 40 }).map((all) => all.map((one) => ({ first: one, last: one }))),
);

export function arbitraryKrl(keys: readonly PublicKey[]): fc.Arbitrary<Krl> {
  const authority = fc.constantFrom<PublicKey | 'any'>('any', ...keys);
  const certificates: fc.Arbitrary<RevokedCertificates> = fc.record({
    authority,
    serials: arbitraryRuns.map((runs) => SerialSet.ofRuns(runs)),
    keyIds: fc.array(keyId, { maxLength: 5 }),
  });
  return fc.record({
    number: uint64,
    generatedAt: uint64,
    comment: fc.stringMatching(/^[\x20-\x7e]{0,60}$/),
    certificates: fc.uniqueArray(certificates, { selector: ({ authority: key }) => key, maxLength: 4 }),
    keys: fc.array(fc.constantFrom(...keys), { maxLength: 5 }),
    fingerprints: fc.array(fc.constantFrom(...keys.map(fingerprint)), { maxLength: 5 }),
  });
}

function runsFrom(start: bigint, steps: readonly (readonly [bigint, bigint])[]): readonly SerialRun[] {
  const runs: SerialRun[] = [];
  let next = start;
  for (const [length, gap] of steps) {
    if (next > LAST) break;
    const last = next + length - 1n;
    runs.push({ first: next, last: last > LAST ? LAST : last });
    next = last + gap + 1n;
  }
  return runs;
}
