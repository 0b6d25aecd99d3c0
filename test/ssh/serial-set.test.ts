import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SerialRun } from '../../src/ssh/serial-set.ts';
import { MAX_RUNS, SerialSet, SerialSetBuilder } from '../../src/ssh/serial-set.ts';
import { codeOf } from '../support/code-of.ts';

const LAST = 2n ** 64n - 1n;

describe('a set of serials refuses', () => {
  it.each<[string, () => unknown, string]>([
    ['serial 0, which to OpenSSH is none', () => SerialSet.of([0n]), 'bad-serial'],
    ['a negative serial', () => SerialSet.of([-1n]), 'bad-serial'],
    ['2^64, which would become 0', () => SerialSet.of([2n ** 64n]), 'bad-serial'],
    ['2^64 + 1, which would become 1', () => SerialSet.of([2n ** 64n + 1n]), 'bad-serial'],
    ['a run from 0', () => SerialSet.ofRuns([{ first: 0n, last: 5n }]), 'bad-serial'],
    ['a run beyond the last serial', () => SerialSet.ofRuns([{ first: 1n, last: LAST + 1n }]), 'bad-serial'],
    ['a run that ends before it begins', () => SerialSet.ofRuns([{ first: 6n, last: 5n }]), 'bad-serial'],
    ['such a run inside another', () => SerialSet.ofRuns([run(1n, 9n), run(6n, 5n)]), 'bad-serial'],
    ['in its builder a serial again', () => built(run(1n, 5n), run(5n, 6n)), 'not-canonical'],
    ['in its builder a serial before another', () => built(run(5n, 5n), run(1n, 1n)), 'not-canonical'],
  ])('%s', (_, make, code) => {
    expect(codeOf(make)).toBe(code);
  });

  it('to grow without end', () => {
    const builder = new SerialSetBuilder();
    for (let index = 1; index <= MAX_RUNS; index++) builder.add(BigInt(2 * index), BigInt(2 * index));
    expect(codeOf(() => builder.add(LAST, LAST))).toBe('too-long');
  });
});

describe('a set of serials', () => {
  const near = fc.bigInt({ min: 1n, max: 60n });
  const far = fc.bigInt({ min: 1n, max: LAST });

  it('has exactly the serials that it was made of', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(near, far)), fc.oneof(near, far), (serials, other) => {
        const set = SerialSet.of(serials);
        expect(serials.filter((serial) => !set.has(serial))).toEqual([]);
        expect(set.has(other)).toBe(serials.includes(other));
        expect(set.has(0n)).toBe(false);
      }),
    );
  });

  it('is the same whether it is made of serials or of runs that overlap', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(near, near)), (pairs) => {
        const runs = pairs.map(([a, b]) => (a < b ? run(a, b) : run(b, a)));
        expect([...SerialSet.ofRuns(runs)]).toEqual([...SerialSet.of(runs.flatMap(serialsOf))]);
      }),
    );
  });

  it('keeps runs that do not touch, in order', () => {
    expect([...SerialSet.of([9n, 3n, 2n, LAST, 5n, 3n, 1n])]).toEqual([
      run(1n, 3n),
      run(5n, 5n),
      run(9n, 9n),
      run(LAST, LAST),
    ]);
    expect([...built(run(1n, 4n), run(5n, 6n))]).toEqual([run(1n, 6n)]);
    expect([...SerialSet.ofRuns([run(1n, LAST), run(7n, 8n)])]).toEqual([run(1n, LAST)]);
    expect(SerialSet.of([]).runs).toBe(0);
  });
});

function run(first: bigint, last: bigint): SerialRun {
  return { first, last };
}

function built(...runs: readonly SerialRun[]): SerialSet {
  const builder = new SerialSetBuilder();
  for (const { first, last } of runs) builder.add(first, last);
  return builder.build();
}

function serialsOf({ first, last }: SerialRun): bigint[] {
  return Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index));
}
