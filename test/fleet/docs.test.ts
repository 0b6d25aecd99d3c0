/** docs/sudo.md shows what the code writes. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEFAULT_DIRECTORY } from '../../src/fleet/host-facts.ts';
import { pamLines } from '../../src/fleet/pam.ts';
import { SUDO_CA_NAMESPACE } from '../../src/fleet/signed-statement.ts';
import { formatStatement, parseStatement } from '../../src/fleet/sudo-ca-statement.ts';

const page = readFileSync(new URL('../../docs/sudo.md', import.meta.url), 'utf8');

function block(name: string): string {
  const [, text] = new RegExp(`\`\`\`${name}\n(.*?)\`\`\``, 's').exec(page) ?? [];
  if (text === undefined) throw new Error(`docs/sudo.md has no block "${name}"`);
  return text;
}

test('the PAM lines are those that are exported', () => {
  const lines = pamLines({ sudoName: 'web1', everywhere: true, directory: DEFAULT_DIRECTORY });
  expect(block('pam')).toBe(`${lines.join('\n')}\n`);
});

test('the statement is one, and written as it is signed', () => {
  const statement = parseStatement(block('statement'));
  expect(formatStatement(statement)).toBe(block('statement'));
  expect(statement.keys.map(({ state }) => state)).toEqual(['active', 'offline']);
  expect(page).toContain(`in the namespace \`${SUDO_CA_NAMESPACE}\``);
});
