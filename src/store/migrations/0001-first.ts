/** The first tables. What each one means is in docs/storage.md; a table is changed by a later migration, never here. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { ColumnTypes } from './create-table.ts';
import { createTable } from './create-table.ts';

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
  await createTable(db, types, 'roster', { digest: 'text', text: 'text', loaded_at: 'integer' });
  const inForce = { id: 'integer', digest: 'text', since: 'integer' } as const;
  await createTable(db, types, 'roster_in_force', inForce, (table) =>
    table.addForeignKeyConstraint('roster_in_force_digest', ['digest'], 'roster', ['digest']),
  );
}

async function createRequests(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createTable(db, types, 'request', {
    id: 'text',
    action: 'text',
    state: 'text',
    state_detail: 'text',
    version: 'integer',
    pool_place: 'integer?',
    person: 'text',
    nonce: 'bytes',
    created_at: 'integer',
    expires_at: 'integer',
    keep_until: 'integer',
    asked_from: 'text',
    asked_network: 'text',
    poll_secret_hash: 'bytes',
    drafts: 'text?',
    invite_id: 'text?',
    page_secret_hash: 'bytes?',
    page_opened_from: 'text?',
    page_proof: 'text?',
    page_wrong_codes: 'integer?',
  });
  const index = (name: string) => db.schema.createIndex(name).on('request');
  await index('request_pool_place').column('pool_place').unique().execute();
  await index('request_network').columns(['asked_network', 'pool_place']).execute();
  await index('request_keep_until').column('keep_until').execute();
  await createTable(db, types, 'request_pool', {
    id: 'integer',
    last_place: 'integer',
    untouched: 'integer',
  });
}

async function createCredentials(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createTable(db, types, 'credential', {
    id: 'text',
    person: 'text',
    kind: 'text',
    public_key: 'bytes',
    rp_id: 'text',
    counter: 'integer',
    aaguid: 'text?',
    attested_by: 'text',
    source: 'text',
    label: 'text',
    created_at: 'integer',
    removed_at: 'integer?',
  });
  const byPerson = db.schema.createIndex('credential_person').on('credential');
  await byPerson.columns(['person', 'created_at', 'id']).execute();
  await createTable(db, types, 'invite', {
    id: 'text',
    person: 'text',
    created_at: 'integer',
    expires_at: 'integer',
    used_at: 'integer?',
  });
  await db.schema.createIndex('invite_expires_at').on('invite').column('expires_at').execute();
}

async function createCertificates(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await createTable(db, types, 'certificate', {
    serial: 'integer',
    purpose: 'text',
    person: 'text',
    key_id: 'text',
    request_id: 'text',
    issued_at: 'integer',
    valid_after: 'integer',
    valid_before: 'integer',
    certificate: 'bytes',
  });
  await db.schema
    .createIndex('certificate_person')
    .on('certificate')
    .columns(['person', 'issued_at'])
    .execute();
  await createTable(db, types, 'key_role', { identity: 'text', role: 'text', person: 'text?' });
  await createTable(db, types, 'nonce', { nonce: 'text', until: 'integer' });
  await db.schema.createIndex('nonce_until').on('nonce').column('until').execute();
}

async function createLog(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  const leaf = { leaf_index: 'integer', serial: 'integer?', leaf: 'bytes' } as const;
  await createTable(db, types, 'log_leaf', leaf, (table) =>
    table
      .addUniqueConstraint('log_leaf_serial', ['serial'])
      .addForeignKeyConstraint('log_leaf_certificate', ['serial'], 'certificate', ['serial']),
  );
  await createTable(db, types, 'log_node', { position: 'integer', hash: 'bytes' });
  const head = { id: 'integer', size: 'integer', root: 'bytes', checkpoint: 'text' } as const;
  await createTable(db, types, 'log_head', head);
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
  const emptyLog = { id: 1, size: 0, root: sha256(new Uint8Array()), checkpoint: '' };
  await rows.insertInto('log_head').values(emptyLog).execute();
}
