import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { StoreWriter } from '../../src/authority/ports.ts';
import type { CertificateFilter } from '../../src/authority/records.ts';
import type { Run } from '../../src/store/connection.ts';
import { LeafBasket } from '../../src/store/leaf-basket.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { SqliteConnection } from '../../src/store/sqlite-connection.ts';
import type { Tables } from '../../src/store/tables.ts';
import { openTables } from '../../src/store/tables.ts';
import { makeWriter } from '../../src/store/transaction.ts';
import { makeTestDirectory, plainCheckpoint } from '../support/store.ts';
import {
  bytes,
  NOW,
  sampleCaKey,
  sampleCertificate,
  sampleCredential,
  sampleHostReport,
  sampleHostToken,
  sampleInvite,
  sampleIssue,
  sampleMachine,
  sampleRevocation,
} from '../support/store-records.ts';

/** Reads everything because it is asked for everything, and no login does that. The index of requests that wait holds no others. */
const MAY_SCAN =
  /^select [^()]* from "(credential|revoked_key|krl|ca_key|machine|host_report)"( order by [a-z_", ]+)?$/;

test('no query walks a table or sorts what it finds, but those for all there is', async () => {
  const directory = await makeTestDirectory();
  const path = join(directory.path, 'usher.db');
  await (await openSqliteStore({ path, signCheckpoint: plainCheckpoint })).close();
  const queries = await everyQuery(path);
  const database = new DatabaseSync(path);
  const plans = queries.map((sql) => ({ sql, steps: planOf(database, sql) }));
  database.close();
  await directory.remove();
  expect(queries.length).toBeGreaterThan(70);
  const slow = plans.filter(
    ({ sql, steps }) =>
      !MAY_SCAN.test(sql) &&
      /SCAN (?!CONSTANT|some|request USING INDEX request_waiting)|TEMP B-TREE/.test(steps),
  );
  expect(slow).toEqual([]);
  const live = plans.filter(({ sql }) => sql.includes('not exists')).map(({ steps }) => steps.split('\n')[0]);
  expect(live).toEqual(LIVE_PLANS);
});

/** Each has an index in which its live certificates stand together, in order. */
const FILTERS: readonly CertificateFilter[] = [
  { kind: 'all' },
  { kind: 'holder', purposes: ['login', 'sudo'], holder: 'alice' },
  { kind: 'subject', key: 'SHA256:s' },
  { kind: 'authority', key: 'SHA256:a' },
  { kind: 'credential', id: 'c' },
];

const LIVE_PLANS = [
  'SEARCH certificate USING INDEX certificate_end (valid_before>?)',
  'SEARCH certificate USING INDEX certificate_person_end (person=? AND valid_before>?)',
  'SEARCH certificate USING INDEX certificate_subject_end (subject=? AND valid_before>?)',
  'SEARCH certificate USING INDEX certificate_authority_end (authority=? AND valid_before>?)',
  'SEARCH touch USING PRIMARY KEY (credential_id=? AND (valid_before,serial)>(?,?))',
];

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
  await useRequests(tx);
  await useCredentials(tx);
  await useCertificates(tx, tables, run);
  await useRevocations(tx);
  await useHosts(tx);
}

async function useRequests(tx: StoreWriter): Promise<void> {
  const request = sampleIssue();
  await tx.setRoster('d', 'text', NOW);
  await tx.rosterText((await tx.rosterDigest()) ?? '');
  await tx.insertRequest(request, { total: 9, perAddress: 9 }, NOW);
  await tx.insertRequest(sampleIssue(), { total: 0, perAddress: 9 }, NOW);
  await tx.updateRequest(request);
  await tx.findRequest(request.id);
  await tx.listWaiting(NOW, 5);
  await tx.countWaiting('alice', NOW, 5);
  await tx.listTouched('alice', NOW);
  await tx.rememberNonce('n', NOW, NOW);
}

async function useCredentials(tx: StoreWriter): Promise<void> {
  const [credential, invite] = [sampleCredential(), sampleInvite()];
  await tx.insertCredential(credential);
  await tx.raiseCounter(credential.id, 1);
  await tx.removeCredential(credential.id, NOW);
  await tx.findCredential(credential.id);
  await tx.credentialsOf('alice');
  await tx.listCredentials();
  await tx.insertInvite(invite);
  await tx.useInvite(invite.id, NOW);
  await tx.findInvite(invite.id);
  await tx.claimKey('k', { role: 'touch', person: 'alice' });
  await tx.claimKey('k', { role: 'touch', person: 'alice' });
}

async function useCertificates(tx: StoreWriter, tables: Tables, run: Run): Promise<void> {
  const certificate = sampleCertificate();
  await tx.insertCertificate(certificate, ['credential']);
  await tx.findCertificate(certificate.serial);
  await tx.serialsBetween(1n, 5n);
  await tx.countIssued('alice', NOW, 5);
  for (const filter of FILTERS)
    for (const after of [0n, certificate.serial]) await tx.liveCertificates(filter, NOW, { after, most: 5 });
  await tables.log.insertLeaves(run, [{ leaf_index: 0, serial: certificate.serial, leaf: bytes(5) }]);
  await tables.log.insertNodes(run, [{ level: 0, index: 0, hash: bytes(32) }]);
  await tables.log.moveHead(run, { size: 1, root: bytes(32), checkpoint: 'c' });
  await tx.logHead();
  await tx.logLeaf(0);
  await tx.leafOfSerial(certificate.serial);
  await tx.logNodes([{ level: 0, index: 0 }]);
}

async function useRevocations(tx: StoreWriter): Promise<void> {
  const revocation = sampleRevocation();
  await tx.revokeCertificates([revocation], NOW);
  await tx.revokeKey('SHA256:k', NOW);
  await tx.revocationCause(revocation.serial);
  await tx.isKeyRevoked('SHA256:k');
  await tx.renumberRevocationLists(NOW);
  await tx.krlNumber('login');
  await tx.krlContent('login');
  await tx.hasEndedRevocations('login', NOW);
  await tx.dropEndedRevocations('login', NOW + 1_000_000, NOW);
  await tx.saveCaKey(sampleCaKey());
  await tx.caKeyRecords();
}

async function useHosts(tx: StoreWriter): Promise<void> {
  const [hostToken, machine] = [sampleHostToken(), sampleMachine()];
  await tx.insertHostToken(hostToken);
  for (const kind of ['host', 'person'] as const) await tx.endHostTokens({ kind, name: 'n' }, NOW);
  await tx.useHostToken(hostToken.id, NOW);
  await tx.findHostToken(hostToken.id);
  await tx.saveMachine(machine);
  await tx.findMachine(machine.name);
  await tx.listMachines();
  await tx.saveHostReport(sampleHostReport());
  await tx.listHostReports();
  await tx.findHostReport('web1');
  await tx.rememberAlarm('a', 'web1', NOW);
  await tx.isAlarmKnown('a');
  await tx.countAlarms('web1', NOW, 5);
  await tx.setSudoStatement(1, 'text', NOW);
  await tx.sudoStatement();
  await tx.bundleNumber();
}
