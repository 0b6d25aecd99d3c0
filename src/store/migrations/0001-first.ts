/** The first tables. What each one means is in docs/storage.md; a table is changed by a later migration, never here. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { ColumnTypes } from './column-types.ts';

export function firstMigration(types: ColumnTypes): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await createRosters(db, types);
      await createRequests(db, types);
      await createCredentials(db, types);
      await createCertificates(db, types);
      await createLog(db, types);
      await insertSingleRows(db);
    },
  };
}

async function createRosters(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('roster')
    .addColumn('digest', 'text', (column) => column.primaryKey().notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('loaded_at', types.integer, (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute();
  await db.schema
    .createTable('roster_in_force')
    .addColumn('id', types.integer, (column) => column.primaryKey().notNull())
    .addColumn('digest', 'text', (column) => column.notNull().references('roster.digest'))
    .addColumn('since', types.integer, (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute();
}

async function createRequests(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('request')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('state_detail', 'text', (column) => column.notNull())
    .addColumn('version', types.integer, (column) => column.notNull())
    .addColumn('pool_place', types.integer)
    .addColumn('person', 'text', (column) => column.notNull())
    .addColumn('nonce', types.bytes, (column) => column.notNull())
    .addColumn('created_at', types.integer, (column) => column.notNull())
    .addColumn('expires_at', types.integer, (column) => column.notNull())
    .addColumn('keep_until', types.integer, (column) => column.notNull())
    .addColumn('asked_from', 'text', (column) => column.notNull())
    .addColumn('poll_secret_hash', types.bytes, (column) => column.notNull())
    .addColumn('drafts', 'text')
    .addColumn('invite_id', 'text')
    .addColumn('page_secret_hash', types.bytes)
    .addColumn('page_opened_from', 'text')
    .addColumn('page_proof', 'text')
    .addColumn('page_wrong_codes', types.integer)
    .modifyEnd(types.tableEnd)
    .execute();
  await db.schema.createIndex('request_pool_place').on('request').column('pool_place').unique().execute();
  await db.schema
    .createIndex('request_address')
    .on('request')
    .columns(['asked_from', 'pool_place'])
    .execute();
  await db.schema.createIndex('request_keep_until').on('request').column('keep_until').execute();
  await db.schema
    .createTable('request_pool')
    .addColumn('id', types.integer, (column) => column.primaryKey().notNull())
    .addColumn('last_place', types.integer, (column) => column.notNull())
    .addColumn('untouched', types.integer, (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute();
}

async function createCredentials(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('credential')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('person', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('public_key', types.bytes, (column) => column.notNull())
    .addColumn('rp_id', 'text', (column) => column.notNull())
    .addColumn('counter', types.integer, (column) => column.notNull())
    .addColumn('aaguid', 'text')
    .addColumn('attested', types.integer, (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('label', 'text', (column) => column.notNull())
    .addColumn('created_at', types.integer, (column) => column.notNull())
    .addColumn('removed_at', types.integer)
    .modifyEnd(types.tableEnd)
    .execute();
  await db.schema
    .createIndex('credential_person')
    .on('credential')
    .columns(['person', 'created_at', 'id'])
    .execute();
  await db.schema
    .createTable('invite')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('person', 'text', (column) => column.notNull())
    .addColumn('created_at', types.integer, (column) => column.notNull())
    .addColumn('expires_at', types.integer, (column) => column.notNull())
    .addColumn('used_at', types.integer)
    .modifyEnd(types.tableEnd)
    .execute();
  await db.schema.createIndex('invite_expires_at').on('invite').column('expires_at').execute();
}

async function createCertificates(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('certificate')
    .addColumn('serial', types.integer, (column) => column.primaryKey().notNull())
    .addColumn('purpose', 'text', (column) => column.notNull())
    .addColumn('person', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('issued_at', types.integer, (column) => column.notNull())
    .addColumn('valid_after', types.integer, (column) => column.notNull())
    .addColumn('valid_before', types.integer, (column) => column.notNull())
    .addColumn('certificate', types.bytes, (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute();
  await db.schema
    .createIndex('certificate_person')
    .on('certificate')
    .columns(['person', 'issued_at'])
    .execute();
  await db.schema
    .createTable('key_role')
    .addColumn('identity', 'text', (column) => column.primaryKey().notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute();
  await db.schema
    .createTable('nonce')
    .addColumn('nonce', 'text', (column) => column.primaryKey().notNull())
    .addColumn('until', types.integer, (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute();
  await db.schema.createIndex('nonce_until').on('nonce').column('until').execute();
}

async function createLog(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('log_leaf')
    .addColumn('leaf_index', types.integer, (column) => column.primaryKey().notNull())
    .addColumn('serial', types.integer, (column) => column.unique().references('certificate.serial'))
    .addColumn('leaf', types.bytes, (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute();
  await db.schema
    .createTable('log_node')
    .addColumn('position', types.integer, (column) => column.primaryKey().notNull())
    .addColumn('hash', types.bytes, (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute();
  await db.schema
    .createTable('log_head')
    .addColumn('id', types.integer, (column) => column.primaryKey().notNull())
    .addColumn('size', types.integer, (column) => column.notNull())
    .addColumn('root', types.bytes, (column) => column.notNull())
    .addColumn('checkpoint', 'text', (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute();
}

/** The tables of one row, as this migration made them; schema.ts may have moved on since. */
type SingleRows = {
  readonly request_pool: { readonly id: number; readonly last_place: number; readonly untouched: number };
  readonly log_head: {
    readonly id: number;
    readonly size: number;
    readonly root: Uint8Array;
    readonly checkpoint: string;
  };
};

async function insertSingleRows(db: Kysely<unknown>): Promise<void> {
  const rows = db.withTables<SingleRows>();
  await rows.insertInto('request_pool').values({ id: 1, last_place: 0, untouched: 0 }).execute();
  await rows
    .insertInto('log_head')
    .values({ id: 1, size: 0, root: sha256(new Uint8Array()), checkpoint: '' })
    .execute();
}
