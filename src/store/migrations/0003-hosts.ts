/** Acts, revocation, CA keys by state, and hosts that enrol. Certificates that are there already become revocable, too. */
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { decodeLeaf } from '../../log/leaf.ts';
import { keyColumns } from '../certificate-row.ts';
import type { ColumnTypes } from './create-table.ts';
import { createKeyTable, createTable } from './create-table.ts';

const PURPOSES = ['login', 'sudo', 'builder', 'host'];
/** So many certificates are read at once. */
const ROWS = 1000;

export function hostsMigration(types: ColumnTypes): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await extendRequests(db);
      await extendCertificates(db, types);
      await createRevocations(db, types);
      await createCaKeys(db, types);
      await createHosts(db, types);
      await createMessages(db, types);
    },
  };
}

/** Requests that are being signed are looked for by person; the index holds no others. */
async function extendRequests(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('request').addColumn('act', 'text').execute();
  const index = db.schema.createIndex('request_signing').on('request').column('person');
  await index.where(sql<boolean>`state = 'signing'`).execute();
}

async function extendCertificates(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  for (const column of ['subject', 'authority'])
    await db.schema
      .alterTable('certificate')
      .addColumn(column, 'text', (definition) => definition.notNull().defaultTo(''))
      .execute();
  await createKeyTable(db, types, 'certificate_touch', {
    credential_id: 'text',
    valid_before: 'integer',
    serial: 'integer',
  });
  await fillIn(db.withTables<Filled>());
  // Those that have not ended stand together, in each, and in the order in which they are asked for.
  for (const first of [[], ['person'], ['subject'], ['authority']])
    await db.schema
      .createIndex(['certificate', ...first, 'end'].join('_'))
      .on('certificate')
      .columns([...first, 'valid_before', 'serial'])
      .execute();
}

async function createRevocations(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createTable(db, types, 'revocation', {
    serial: 'integer',
    purpose: 'text',
    authority: 'bytes',
    valid_before: 'integer',
    revoked_at: 'integer',
    cause: 'text',
  });
  const index = (name: string) => db.schema.createIndex(name).on('revocation');
  await index('revocation_list').columns(['purpose', 'authority', 'serial']).execute();
  await index('revocation_end').columns(['purpose', 'valid_before']).execute();
  await createTable(db, types, 'revoked_key', { fingerprint: 'text', revoked_at: 'integer' });
  await createTable(db, types, 'krl', { purpose: 'text', number: 'integer', changed_at: 'integer' });
  const rows = [...PURPOSES, 'bundle'].map((purpose) => ({ purpose, number: 0, changed_at: 0 }));
  await db.withTables<Filled>().insertInto('krl').values(rows).execute();
}

async function createCaKeys(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  const columns = {
    place: 'integer',
    public_key: 'bytes',
    purpose: 'text',
    state: 'text',
    since: 'integer',
    published_at: 'integer?',
  } as const;
  await createTable(db, types, 'ca_key', columns, (table) =>
    table.addUniqueConstraint('ca_key_public_key', ['public_key']),
  );
}

async function createHosts(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createTable(db, types, 'host_token', {
    id: 'text',
    host: 'text',
    person: 'text',
    created_at: 'integer',
    expires_at: 'integer',
    used_at: 'integer?',
  });
  for (const columns of [['expires_at'], ['host', 'expires_at'], ['person', 'expires_at']])
    await db.schema
      .createIndex(['host_token', ...columns].join('_'))
      .on('host_token')
      .columns(columns)
      .execute();
  await createTable(db, types, 'machine', {
    name: 'text',
    generation: 'integer',
    next_hash: 'bytes',
    last_hash: 'bytes',
    keys: 'text',
    serials: 'text',
    enrolled_at: 'integer',
    renewed_at: 'integer',
    locked_at: 'integer?',
  });
}

async function createMessages(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createTable(db, types, 'host_report', {
    host: 'text',
    received_at: 'integer',
    number: 'integer',
    openssh: 'text',
    pam_ussh: 'text',
    trusts: 'text',
    shows: 'text',
    problems: 'text',
    busy_until: 'integer',
  });
  await createTable(db, types, 'alarm', { what: 'text', host: 'text', raised_at: 'integer' });
  await db.schema.createIndex('alarm_host').on('alarm').columns(['host', 'raised_at']).execute();
  await createTable(db, types, 'sudo_statement', { id: 'integer', number: 'integer', text: 'text' });
}

/** The tables that this migration fills, as it made them; schema.ts may have moved on since. */
type Filled = {
  readonly certificate: {
    readonly serial: bigint;
    readonly valid_before: bigint;
    readonly certificate: Uint8Array;
    readonly subject: string;
    readonly authority: string;
  };
  readonly log_leaf: { readonly serial: bigint | null; readonly leaf: Uint8Array };
  readonly certificate_touch: {
    readonly credential_id: string;
    readonly valid_before: bigint;
    readonly serial: bigint;
  };
  readonly krl: { readonly purpose: string; readonly number: number; readonly changed_at: number };
};
type Recorded = Pick<Filled['certificate'], 'serial' | 'valid_before' | 'certificate'> &
  Pick<Filled['log_leaf'], 'leaf'>;

/** What certificates rest on was only in themselves and in their leaves. */
async function fillIn(db: Kysely<Filled>): Promise<void> {
  for (let after = -1n; ; ) {
    const rows = await recordedAfter(db, after);
    for (const row of rows) await fillInOne(db, row);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.serial;
  }
}

function recordedAfter(db: Kysely<Filled>, after: bigint): Promise<Recorded[]> {
  return db
    .selectFrom('certificate')
    .innerJoin('log_leaf', 'log_leaf.serial', 'certificate.serial')
    .select(['certificate.serial', 'certificate.valid_before', 'certificate.certificate', 'log_leaf.leaf'])
    .where('certificate.serial', '>', after)
    .orderBy('certificate.serial')
    .limit(ROWS)
    .execute();
}

async function fillInOne(
  db: Kysely<Filled>,
  { serial, valid_before, certificate, leaf }: Recorded,
): Promise<void> {
  await db.updateTable('certificate').set(keyColumns(certificate)).where('serial', '=', serial).execute();
  const rows = credentialsIn(leaf).map((credential_id) => ({ credential_id, valid_before, serial }));
  if (rows.length > 0) await db.insertInto('certificate_touch').values(rows).execute();
}

function credentialsIn(leaf: Uint8Array): readonly string[] {
  const decoded = decodeLeaf(leaf);
  if (decoded.kind !== 'certificate' && decoded.kind !== 'reviewed-certificate') return [];
  const approvals = decoded.kind === 'reviewed-certificate' ? decoded.approvals : [];
  return [...new Set([...decoded.touches, ...approvals].map(({ credentialId }) => credentialId))];
}
