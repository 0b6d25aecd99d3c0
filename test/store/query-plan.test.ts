import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Run } from '../../src/store/connection.ts';
import { LeafBasket } from '../../src/store/leaf-basket.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { SqliteConnection } from '../../src/store/sqlite-connection.ts';
import { openTables } from '../../src/store/tables.ts';
import { makeWriter } from '../../src/store/transaction.ts';
import { makeTestDirectory, plainCheckpoint } from '../support/store.ts';
import {
  bytes,
  NOW,
  sampleCertificate,
  sampleCredential,
  sampleInvite,
  sampleIssue,
} from '../support/store-records.ts';

/** Reads everything because it is asked for everything: the roster check and `usherd` do that, no login does. The index of requests that wait holds no others. */
const MAY_SCAN = /^select .* from "credential" order by/;

test('no query walks a table or sorts what it finds, but the list of all credentials', async () => {
  const directory = await makeTestDirectory();
  const path = join(directory.path, 'usher.db');
  await (await openSqliteStore({ path, signCheckpoint: plainCheckpoint })).close();
  const queries = await everyQuery(path);
  const database = new DatabaseSync(path);
  const plans = queries.map((sql) => ({ sql, steps: planOf(database, sql) }));
  database.close();
  await directory.remove();
  expect(queries.length).toBeGreaterThan(35);
  const slow = plans.filter(
    ({ sql, steps }) =>
      !MAY_SCAN.test(sql) &&
      /SCAN (?!CONSTANT|some|request USING INDEX request_waiting)|TEMP B-TREE/.test(steps),
  );
  expect(slow).toEqual([]);
});

function planOf(database: DatabaseSync, sql: string): string {
  const count = sql.split('?').length - 1;
  const rows = database.prepare(`explain query plan ${sql}`).all(...Array<number>(count).fill(1));
  return rows.map((row) => String(row['detail'])).join('\n');
}

/** The words of all queries that the port can make. */
async function everyQuery(path: string): Promise<string[]> {
  const connection = new SqliteConnection(path, 'writing', []);
  const words = new Set<string>();
  const run: Run = (query) => {
    words.add(query.sql);
    return connection.db.executeQuery(query);
  };
  await connection.begin();
  await useEverything(run, connection);
  await connection.rollback();
  await connection.close();
  return [...words];
}

async function useEverything(run: Run, connection: SqliteConnection): Promise<void> {
  const tables = openTables(connection.db);
  const tx = makeWriter(tables, run, new LeafBasket());
  const [request, credential, invite, certificate] = [
    sampleIssue(),
    sampleCredential(),
    sampleInvite(),
    sampleCertificate(),
  ];
  await tx.setRoster('d', 'text', NOW);
  await tx.rosterText((await tx.rosterDigest()) ?? '');
  for (const bounds of [
    { total: 9, perAddress: 9 },
    { total: 0, perAddress: 9 },
  ])
    await tx.insertRequest(bounds.total === 0 ? sampleIssue() : request, bounds, NOW);
  await tx.updateRequest(request);
  await tx.findRequest(request.id);
  await tx.insertCredential(credential);
  await tx.raiseCounter(credential.id, 1);
  await tx.removeCredential(credential.id, NOW);
  await tx.findCredential(credential.id);
  await tx.credentialsOf('alice');
  await tx.listCredentials();
  await tx.insertInvite(invite);
  await tx.useInvite(invite.id, NOW);
  await tx.findInvite(invite.id);
  await tx.insertCertificate(certificate, ['credential']);
  await tx.findCertificate(certificate.serial);
  await tx.serialsBetween(1n, 5n);
  await tx.listWaiting(NOW, 5);
  await tx.countWaiting('alice', NOW, 5);
  await tx.countIssued('alice', NOW, 5);
  await tx.claimKey('k', { role: 'touch', person: 'alice' });
  await tx.claimKey('k', { role: 'touch', person: 'alice' });
  await tx.rememberNonce('n', NOW, NOW);
  await tables.log.insertLeaves(run, [{ leaf_index: 0, serial: certificate.serial, leaf: bytes(5) }]);
  await tables.log.insertNodes(run, [{ level: 0, index: 0, hash: bytes(32) }]);
  await tables.log.moveHead(run, { size: 1, root: bytes(32), checkpoint: 'c' });
  await tx.logHead();
  await tx.logLeaf(0);
  await tx.leafOfSerial(certificate.serial);
  await tx.logNodes([{ level: 0, index: 0 }]);
}
