/** What databases of the version before have afterwards. */
import { join } from 'node:path';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CertificateFilter, IssuedCertificate } from '../../../src/authority/records.ts';
import type { Leaf } from '../../../src/log/leaf.ts';
import { encodeLeaf } from '../../../src/log/leaf.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import type { Run } from '../../../src/store/connection.ts';
import { LogSealer } from '../../../src/store/log-sealer.ts';
import { LogTable } from '../../../src/store/log-table.ts';
import { firstMigration } from '../../../src/store/migrations/0001-first.ts';
import { waitingMigration } from '../../../src/store/migrations/0002-waiting.ts';
import type { ColumnTypes } from '../../../src/store/migrations/create-table.ts';
import { openSqliteStore } from '../../../src/store/sqlite.ts';
import { SqliteConnection } from '../../../src/store/sqlite-connection.ts';
import { breakGlassLeaf, certificateLeaf, reviewedLeaf, touch } from '../../log/leaves.ts';
import { makeTestDirectory, plainCheckpoint } from '../../support/store.ts';
import {
  bytes,
  certificateFor,
  NOW,
  sampleCertificate,
  samplePublicKey,
} from '../../support/store-records.ts';

const TYPES: ColumnTypes = {
  integer: 'integer',
  bytes: 'blob',
  tableEnd: sql`strict`,
  keyTableEnd: sql`strict, without rowid`,
};

interface Recorded {
  readonly certificate: IssuedCertificate;
  readonly leaf: Leaf;
}

let directory: Awaited<ReturnType<typeof makeTestDirectory>>;
let path: string;
beforeEach(async () => {
  directory = await makeTestDirectory();
  path = join(directory.path, 'usher.db');
});
afterEach(() => directory.remove());

test('a certificate that was recorded before is found by what it follows from', async () => {
  const [subject, authority] = [samplePublicKey(), samplePublicKey()];
  const plain = sampleCertificate({ certificate: certificateFor(subject, authority) });
  const [reviewed, offline] = [sampleCertificate(), sampleCertificate()];
  const approvals = ['approver', 'other'].map((credentialId) => ({ ...touch, credentialId }));
  await makeOldDatabase([
    { certificate: plain, leaf: { ...certificateLeaf, touches: [{ ...touch, credentialId: 'own' }] } },
    {
      certificate: reviewed,
      leaf: { ...reviewedLeaf, touches: [{ ...touch, credentialId: 'own' }], approvals },
    },
    { certificate: offline, leaf: breakGlassLeaf },
  ]);
  expect(await find({ kind: 'subject', key: fingerprint(subject) })).toEqual([plain]);
  expect(await find({ kind: 'authority', key: fingerprint(authority) })).toEqual([plain]);
  expect(await find({ kind: 'credential', id: 'own' })).toEqual([plain, reviewed].toSorted(bySerial));
  for (const id of ['approver', 'other']) expect(await find({ kind: 'credential', id })).toEqual([reviewed]);
  const all = await find({ kind: 'holder', purposes: ['login'], holder: 'alice' });
  expect(all).toEqual([plain, reviewed, offline].toSorted(bySerial));
});

test('none of many is left out', { timeout: 30_000 }, async () => {
  const authority = samplePublicKey();
  const certificate = certificateFor(samplePublicKey(), authority);
  const recorded = Array.from({ length: 1001 }, (_, serial) => ({
    certificate: sampleCertificate({ serial: BigInt(serial), certificate }),
    leaf: certificateLeaf,
  }));
  await makeOldDatabase(recorded);
  expect(await find({ kind: 'authority', key: fingerprint(authority) })).toHaveLength(1001);
  expect(await find({ kind: 'credential', id: touch.credentialId })).toHaveLength(1001);
});

test('a database in which a certificate can not be read stays as it was', async () => {
  await makeOldDatabase([
    { certificate: sampleCertificate(), leaf: certificateLeaf },
    { certificate: sampleCertificate({ certificate: bytes(9) }), leaf: certificateLeaf },
  ]);
  const before = await tableNames();
  const opening = openSqliteStore({ path, signCheckpoint: plainCheckpoint });
  await expect(opening).rejects.toMatchObject({ name: 'StoreError', code: 'migration-failed' });
  expect(await tableNames()).toEqual(before);
  expect(before).not.toContain('revocation');
});

function bySerial(a: IssuedCertificate, b: IssuedCertificate): number {
  return a.serial < b.serial ? -1 : 1;
}

async function find(filter: CertificateFilter): Promise<readonly IssuedCertificate[]> {
  const store = await openSqliteStore({ path, signCheckpoint: plainCheckpoint });
  const page = { after: 0n, most: 5000 };
  const found = await store.read((tx) => tx.liveCertificates(filter, NOW, page));
  await store.close();
  return found;
}

/** Written as that version wrote it. */
async function makeOldDatabase(recorded: readonly Recorded[]): Promise<void> {
  await inDatabase(async (connection, run) => {
    const migrations = { '0001-first': firstMigration(TYPES), '0002-waiting': waitingMigration };
    const migrator = new Migrator({
      db: connection.db,
      provider: { getMigrations: async () => migrations },
    });
    expect((await migrator.migrateToLatest({ disableTransactions: true })).error).toBeUndefined();
    for (const { certificate } of recorded) await insertOld(connection, certificate);
    const leaves = recorded.map(({ certificate: { serial }, leaf }) => ({ serial, leaf: encodeLeaf(leaf) }));
    await new LogSealer(new LogTable(connection.db), plainCheckpoint).seal(run, leaves);
  });
}

async function insertOld({ db }: SqliteConnection, certificate: IssuedCertificate): Promise<void> {
  const { serial, purpose, person, keyId, requestId, issuedAt, validAfter, validBefore } = certificate;
  await sql`insert into certificate values (${serial}, ${purpose}, ${person}, ${keyId}, ${requestId}, ${issuedAt},
    ${validAfter}, ${validBefore}, ${certificate.certificate})`.execute(db);
}

async function tableNames(): Promise<readonly string[]> {
  return inDatabase(async ({ db }) => (await db.introspection.getTables()).map(({ name }) => name));
}

async function inDatabase<T>(work: (connection: SqliteConnection, run: Run) => Promise<T>): Promise<T> {
  const connection = new SqliteConnection(path, 'writing', []);
  await connection.begin();
  const result = await work(connection, (query) => connection.db.executeQuery(query));
  await connection.commit();
  await connection.close();
  return result;
}
