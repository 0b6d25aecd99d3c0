import type { Insertable, Kysely, Selectable } from 'kysely';
import type { CaKeyRecord } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { changedRows } from './connection.ts';
import { StoreError } from './error.ts';
import { prepare, rowOf } from './prepared.ts';
import type { Schema, CaKeyTable as Table } from './schema.ts';

const COLUMNS = ['place', 'public_key', 'purpose', 'state', 'since', 'published_at'] as const;
const CHANGING = ['state', 'since', 'published_at'] as const;

type Row = Selectable<Table>;
type Changing = Pick<Insertable<Table>, 'public_key' | 'purpose' | (typeof CHANGING)[number]>;

/** CA keys of the authority's own, in the order in which they became known; never removed. */
export class CaKeyTable {
  readonly #queries: ReturnType<typeof caKeyQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = caKeyQueries(db);
  }

  async list(run: Run): Promise<readonly CaKeyRecord[]> {
    return (await run(this.#queries.list({}))).rows.map(readRow);
  }

  async save(run: Run, record: CaKeyRecord): Promise<void> {
    const row = writeRow(record);
    if ((await changedRows(run, this.#queries.update(row))) === 1) return;
    const place = (await this.list(run)).length + 1;
    const inserted = await changedRows(run, this.#queries.insert({ ...row, place }));
    if (inserted !== 1) throw new StoreError('duplicate', 'this CA key is one of another purpose');
  }
}

function caKeyQueries(db: Kysely<Schema>) {
  return {
    list: prepare<object, Row>(() => db.selectFrom('ca_key').select(COLUMNS).orderBy('place')),
    insert: prepare<Insertable<Table>, unknown>((param) =>
      db
        .insertInto('ca_key')
        .values(rowOf(param, COLUMNS))
        .onConflict((conflict) => conflict.column('public_key').doNothing()),
    ),
    update: prepare<Changing, unknown>((param) =>
      db
        .updateTable('ca_key')
        .set(rowOf(param, CHANGING))
        .where('public_key', '=', param('public_key'))
        .where('purpose', '=', param('purpose')),
    ),
  };
}

function writeRow(record: CaKeyRecord): Changing {
  return {
    public_key: record.publicKey,
    purpose: record.purpose,
    state: record.state,
    since: record.since,
    published_at: record.publishedAt ?? null,
  };
}

function readRow(row: Row): CaKeyRecord {
  return {
    // Purpose and state are written from a CaKeyRecord only.
    purpose: row.purpose as CaKeyRecord['purpose'],
    publicKey: row.public_key,
    state: row.state as CaKeyRecord['state'],
    since: Number(row.since),
    ...(row.published_at === null ? {} : { publishedAt: Number(row.published_at) }),
  };
}
