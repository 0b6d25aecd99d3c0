import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { hex } from '@scure/base';
import { expect, test } from 'vitest';
import { RosterInForce } from '../../src/authority/roster-in-force.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { makeTestDirectory, plainCheckpoint } from '../support/store.ts';

test('a stored text that is not the one of the digest in force decides nothing', async () => {
  const directory = await makeTestDirectory();
  const store = await openSqliteStore({
    path: join(directory.path, 'usher.db'),
    signCheckpoint: plainCheckpoint,
  });
  const roster = (person: string) =>
    `people: { ${person}: { logins: [root], roles: [all] } }\nroles: { all: { login: { hosts: "*", lifetime: 1h, max_lifetime: 2h } } }\n`;
  const digest = hex.encode(sha256(new TextEncoder().encode(roster('alice'))));
  await store.write((tx) => tx.setRoster(digest, roster('mallory'), 1));
  const reading = store.read((tx) => new RosterInForce({}).in(tx));
  await expect(reading).rejects.toMatchObject({ name: 'AuthorityError', code: 'no-roster' });
  await expect(reading).rejects.toThrow(/is not that of roster/);
  await store.close();
  await directory.remove();
});
