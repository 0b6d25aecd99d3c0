import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { rosterJsonSchema } from '../../src/policy/json-schema.ts';

const FILE = new URL('../../docs/roster.schema.json', import.meta.url);

it('docs/roster.schema.json is the schema of the code (UPDATE_DOCS=1 writes it)', () => {
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(FILE, rosterJsonSchema());
  expect(readFileSync(FILE, 'utf8')).toBe(rosterJsonSchema());
});
