import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DENIAL_CODES } from '../../src/policy/decision.ts';
import { RosterFile } from '../../src/policy/schema.ts';
import { faultsOf } from './rosters.ts';

const page = readFileSync(new URL('../../docs/roster.md', import.meta.url), 'utf8');

it('the roster in docs/roster.md has no faults', () => {
  const [, text = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  expect(text).toContain('people:');
  expect(faultsOf(text)).toEqual([]);
});

it('docs/roster.md explains every denial, and no other', () => {
  const [, table = ''] = page.split('## Why a request is denied');
  expect([...table.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => code)).toEqual([...DENIAL_CODES]);
});

it('docs/roster.md explains every field', () => {
  const fields = [...JSON.stringify(RosterFile).matchAll(/"([a-z_]+)":\{"(?:type|anyOf|enum|description)"/g)]
    .map(([, name]) => name)
    .filter((name) => !['items', 'properties', 'propertyNames'].includes(name ?? ''));
  expect(fields.length).toBeGreaterThan(15);
  for (const field of fields) expect(page).toMatch(new RegExp(`\`${field}\`|## ${field}`));
});
