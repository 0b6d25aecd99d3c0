/** The program for hosts without Node, as its shells and a judge of shell scripts read it. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { haveParts, program } from '../../support/parts.ts';
import { run } from '../../support/run.ts';

const SCRIPT = fileURLToPath(new URL('../../../share/usher-host.sh', import.meta.url));
const GOOD = { code: 0, stdout: '', stderr: '' };

it.runIf(haveParts({ shellcheck: 'shellcheck' }))('shellcheck finds nothing', async () => {
  expect(await run(program('shellcheck'), ['--shell=sh', '--severity=style', SCRIPT])).toEqual(GOOD);
});

it.runIf(haveParts({ dash: 'dash' }))('dash reads it', async () => {
  expect(await run(program('dash'), ['-n', SCRIPT])).toEqual(GOOD);
});

it.runIf(haveParts({ busybox: 'busybox' }))('busybox reads it', async () => {
  expect(await run(program('busybox'), ['sh', '-n', SCRIPT])).toEqual(GOOD);
});

it
  .runIf(haveParts({ dash: 'dash' }))
  .each([
    [[]],
    [['remove']],
    [['enroll']],
    [['sync', '--dir', '/tmp']],
    [['sync', '--state']],
    [['sync', 'now']],
    [['enroll', 'token', '--dry-run']],
  ])('%j is said to be no use of it, and nothing is done', async (args) => {
  const result = await run(program('dash'), [SCRIPT, ...args]);
  expect(result).toMatchObject({ code: 2, stdout: '' });
  expect(result.stderr).toMatch(/^usher-host: error: .+\nusher-host: hint: .+\n$/);
});
