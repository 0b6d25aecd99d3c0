import type { Insertable, Kysely, Selectable } from 'kysely';
import type { HostToken, TokenFilter } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { changedRows, firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { prepare, rowOf } from './prepared.ts';
import type { Schema, HostTokenTable as Table } from './schema.ts';

const COLUMNS = ['id', 'host', 'person', 'created_at', 'expires_at', 'used_at'] as const;

/** A token is kept so long after its end, to say what became of it: 30 days, in seconds. */
const KEPT_AFTER_END = 30 * 24 * 60 * 60;
const MOST_PURGED = 8;

export class HostTokenTable {
  readonly #queries: ReturnType<typeof hostTokenQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = hostTokenQueries(db);
  }

  async find(run: Run, id: string): Promise<HostToken | undefined> {
    const row = await firstRow(run, this.#queries.find({ id }));
    return row === undefined ? undefined : readRow(row);
  }

  async insert(run: Run, token: HostToken): Promise<void> {
    await run(this.#queries.purge({ before: token.createdAt - KEPT_AFTER_END, most: MOST_PURGED }));
    const inserted = await changedRows(run, this.#queries.insert(writeRow(token)));
    if (inserted !== 1) throw new StoreError('duplicate', 'a host token with this id exists');
  }

  async end(run: Run, { kind, name }: TokenFilter, now: number): Promise<number> {
    const query = kind === 'host' ? this.#queries.endOfHost : this.#queries.endOfPerson;
    return changedRows(run, query({ name, now }));
  }

  async use(run: Run, id: string, now: number): Promise<boolean> {
    return (await changedRows(run, this.#queries.use({ id, now }))) === 1;
  }
}

function hostTokenQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ id: string }, Selectable<Table>>((param) =>
      db.selectFrom('host_token').select(COLUMNS).where('id', '=', param('id')),
    ),
    insert: prepare<Insertable<Table>, unknown>((param) =>
      db
        .insertInto('host_token')
        .values(rowOf(param, COLUMNS))
        .onConflict((conflict) => conflict.column('id').doNothing()),
    ),
    use: prepare<{ id: string; now: number }, unknown>((param) =>
      db
        .updateTable('host_token')
        .set({ used_at: param('now') })
        .where('id', '=', param('id'))
        .where('used_at', 'is', null),
    ),
    endOfHost: endQuery(db, 'host'),
    endOfPerson: endQuery(db, 'person'),
    purge: prepare<{ before: number; most: number }, unknown>((param) =>
      db
        .deleteFrom('host_token')
        .where('id', 'in', (query) =>
          query
            .selectFrom('host_token as old')
            .select('old.id')
            .where('old.expires_at', '<', param('before'))
            .orderBy('old.expires_at')
            .limit(param('most')),
        ),
    ),
  };
}

function endQuery(db: Kysely<Schema>, column: 'host' | 'person') {
  return prepare<{ name: string; now: number }, unknown>((param) =>
    db
      .updateTable('host_token')
      .set({ expires_at: param('now') })
      .where(column, '=', param('name'))
      .where('expires_at', '>', param('now'))
      .where('used_at', 'is', null),
  );
}

function writeRow(token: HostToken): Insertable<Table> {
  return {
    id: token.id,
    host: token.host,
    person: token.person,
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    used_at: token.usedAt ?? null,
  };
}

function readRow(row: Selectable<Table>): HostToken {
  return {
    id: row.id,
    host: row.host,
    person: row.person,
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    ...(row.used_at === null ? {} : { usedAt: Number(row.used_at) }),
  };
}
