import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CHECKS } from '../../src/pam-ussh/finding.ts';

const ROOT = join(import.meta.dirname, '../..');

it('every check about pam-ussh, sudo and sshd is documented', async () => {
  const text = await readFile(join(ROOT, 'docs/command.md'), 'utf8');
  const documented = [
    ...text.matchAll(/^\| `((?:cert|agent|session|host)\.[\w-]+|bundle|account)` \|/gm),
  ].map(([, id]) => id);
  const ours = ['host.sudo_denied', 'host.sshd', 'host.krl', 'bundle', 'account'];
  expect(new Set(documented)).toEqual(new Set([...Object.keys(CHECKS), ...ours]));
  expect(documented).toHaveLength(new Set(documented).size);
});
