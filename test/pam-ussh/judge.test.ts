/** Our judge says of every case of the table what pam-ussh does. */
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../src/pam-ussh/facts.ts';
import { judge } from '../../src/pam-ussh/judge.ts';
import { CASES } from './cases.ts';
import type { World } from './scene.ts';
import { factsOf } from './scene.ts';

const WORLD: World = { user: 'alice', other: 'bob', directory: '/etc/ssh/usher', now: 1_800_000_000 };

describe('the table', () => {
  it('has at least 120 cases, each with a name of its own', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(120);
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
  });

  it.each(CASES)('$id', ({ scene, expected, expectedNew = expected, isOld }) => {
    const built = scene(WORLD);
    expect(told(factsOf(built, WORLD, 'before-0.52'))).toEqual(expected(WORLD));
    if (isOld === undefined) expect(told(factsOf(built, WORLD, '0.52'))).toEqual(expectedNew(WORLD));
  });
});

function told(facts: Facts) {
  const { outcome, log } = judge(facts);
  return { outcome, log: log.filter((line) => !line.startsWith('ca_file set to ')) };
}
