/** docs/operating.md names every setting, metric and readiness check that there is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkReadiness } from '../../src/authority/ready.ts';
import { openScene } from '../authority/scene.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const page = read('docs/operating.md');

test('every setting has a row that says what it does, and no other has', () => {
  const [, schema = ''] = /const Signer = (.*?)\nexport /s.exec(read('src/config.ts')) ?? [];
  const names = [...schema.matchAll(/\b([a-z_]+): (?:Type\.|Path|Signer)/g)].map(([, name]) => name);
  // `signers`, `tls` and `limits` stand before their fields, `login` and the others are the purposes.
  const groups = ['signers', 'tls', 'limits', 'login', 'sudo', 'builder', 'host'];
  const real = names.filter((name) => !groups.includes(name ?? ''));
  const [, table = ''] = page.split(/^## (?:Settings.*|Running it.*)$/m);
  const cells = [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) => cell.split(', '));
  const documented = cells.map((name) => /(\w+)`$/.exec(name)?.[1]);
  expect(real.length).toBeGreaterThan(10);
  expect(documented.sort()).toEqual(real.sort());
});

test('every metric is explained', () => {
  const names = [...read('src/http/metrics.ts').matchAll(/name: '(\w+)'/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(3);
  for (const name of names) expect(page).toMatch(new RegExp(`^\\| \`${name}[\`{]`, 'm'));
});

test('every check of readiness is named', async () => {
  await using scene = await openScene();
  for (const { name } of await checkReadiness(scene.authority)) expect(page).toContain(`\`${name}\``);
});
