import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { withTemporaryDirectory } from '../../cli/temporary-directory.ts';

it.each([
  ['is none', undefined],
  ['is empty', ''],
  ['is gone, as after su', join(tmpdir(), 'usher-test-nothing-here')],
])(
  'a temporary directory stands where temporary files do when the session directory %s',
  async (_what, parent) => {
    expect(await withTemporaryDirectory(parent, async (directory) => dirname(directory))).toBe(tmpdir());
  },
);

it('a temporary directory is for the person alone, and gone afterwards', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'usher-test-session-'));
  const seen = await withTemporaryDirectory(parent, async (directory) => {
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    return directory;
  });
  expect(dirname(seen)).toBe(parent);
  expect(existsSync(seen)).toBe(false);
  await rm(parent, { recursive: true });
});
