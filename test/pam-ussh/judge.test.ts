/** Our judge says of every case of the table what pam-ussh does, and why. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/pam-ussh/judge.ts';
import { explainLog } from '../../src/pam-ussh/log-lines.ts';
import type { Judgement } from '../../src/pam-ussh/verdict.ts';
import { CASES } from './cases.ts';
import type { World } from './scene.ts';
import { factsOf } from './scene.ts';

const WORLD: World = { user: 'alice', other: 'bob', directory: '/etc/ssh/usher', now: 1_800_000_000 };

it('has at least 120 cases, each with a name of its own', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(120);
  expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
});

// The first case with a large RSA key makes it, which takes seconds on a busy machine.
it.each(CASES)('$id', { timeout: 60_000 }, ({ scene, expected, expectedNew = expected, isOld }) => {
  const built = scene(WORLD);
  const judgement = judge(factsOf(built, WORLD, 'before-0.52'));
  expect(told(judgement)).toEqual(expected(WORLD));
  expectReasons(judgement);
  const judgedNew = judge(factsOf(built, WORLD, '0.52'));
  if (isOld === undefined) expect(told(judgedNew)).toEqual(expectedNew(WORLD));
  expectReasons(judgedNew);
});

describe('what ends before the agent is asked', () => {
  it('says nothing of a ca_file that was not read', () => {
    const facts = {
      ...factsOf({ moduleArguments: ['group'], files: {}, agent: { kind: 'no-socket' } }, WORLD, '0.52'),
      readFile: () => {
        throw new Error('nothing is read');
      },
    };
    expect(judge(facts).findings).toMatchObject([{ check: 'host.pam-line' }]);
  });
});

function told({ outcome, log }: Judgement) {
  return { outcome, log: log.filter((line) => !line.startsWith('ca_file set to ')) };
}

/** Whatever is no success has a reason, each reason a hint, and each line that is logged a row that explains it. */
function expectReasons({ outcome, identities, findings, log, stderr }: Judgement): void {
  const all = [...findings, ...identities.flatMap(({ refusals, warnings }) => [...refusals, ...warnings])];
  if (outcome !== 'success') expect(all.map(({ level }) => level)).toContain('error');
  expect(all.filter(({ sentence, hint }) => sentence === '' || hint === '')).toEqual([]);
  expect([...log, ...stderr].filter((line) => explainLog(line).length === 0)).toEqual([]);
}
