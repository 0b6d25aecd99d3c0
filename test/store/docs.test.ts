import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { makeTestDirectory, plainCheckpoint } from '../support/store.ts';

const page = readFileSync(new URL('../../docs/storage.md', import.meta.url), 'utf8');

it('docs/storage.md explains every table, and no other', async () => {
  const rows = [...page.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, names = '']) => names.split(', '));
  const explained = rows.map((name) => name.replaceAll('`', ''));
  expect(explained.toSorted()).toEqual(await tables());
});

async function tables(): Promise<readonly string[]> {
  const directory = await makeTestDirectory();
  const path = join(directory.path, 'usher.db');
  await (await openSqliteStore({ path, signCheckpoint: plainCheckpoint })).close();
  const database = new DatabaseSync(path);
  const rows = database.prepare(`select name from sqlite_schema where type = 'table' order by name`).all();
  database.close();
  await directory.remove();
  return rows.map(({ name }) => String(name));
}
