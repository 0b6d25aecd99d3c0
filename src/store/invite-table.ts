import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Invite } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { changedRows, firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { prepare, rowOf } from './prepared.ts';
import type { Schema, InviteTable as Table } from './schema.ts';

const COLUMNS = ['id', 'person', 'created_at', 'expires_at', 'used_at'] as const;

/** An invite is kept so long after its end, to say what became of it: 30 days, in seconds. */
const KEPT_AFTER_END = 30 * 24 * 60 * 60;
const MOST_PURGED = 8;

export class InviteTable {
  readonly #queries: ReturnType<typeof inviteQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = inviteQueries(db);
  }

  async find(run: Run, id: string): Promise<Invite | undefined> {
    const row = await firstRow(run, this.#queries.find({ id }));
    return row === undefined ? undefined : readRow(row);
  }

  async insert(run: Run, invite: Invite): Promise<void> {
    await run(this.#queries.purge({ before: invite.createdAt - KEPT_AFTER_END, most: MOST_PURGED }));
    const inserted = await changedRows(run, this.#queries.insert(writeRow(invite)));
    if (inserted !== 1) throw new StoreError('duplicate', 'an invite with this id exists');
  }

  async use(run: Run, id: string, now: number): Promise<boolean> {
    return (await changedRows(run, this.#queries.use({ id, now }))) === 1;
  }
}

function inviteQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ id: string }, Selectable<Table>>((param) =>
      db.selectFrom('invite').select(COLUMNS).where('id', '=', param('id')),
    ),
    insert: prepare<Insertable<Table>, unknown>((param) =>
      db
        .insertInto('invite')
        .values(rowOf(param, COLUMNS))
        .onConflict((conflict) => conflict.column('id').doNothing()),
    ),
    use: prepare<{ id: string; now: number }, unknown>((param) =>
      db
        .updateTable('invite')
        .set({ used_at: param('now') })
        .where('id', '=', param('id'))
        .where('used_at', 'is', null),
    ),
    purge: prepare<{ before: number; most: number }, unknown>((param) =>
      db
        .deleteFrom('invite')
        .where('id', 'in', (query) =>
          query
            .selectFrom('invite as old')
            .select('old.id')
            .where('old.expires_at', '<', param('before'))
            .orderBy('old.expires_at')
            .limit(param('most')),
        ),
    ),
  };
}

function writeRow(invite: Invite): Insertable<Table> {
  return {
    id: invite.id,
    person: invite.person,
    created_at: invite.createdAt,
    expires_at: invite.expiresAt,
    used_at: invite.usedAt ?? null,
  };
}

function readRow(row: Selectable<Table>): Invite {
  return {
    id: row.id,
    person: row.person,
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    ...(row.used_at === null ? {} : { usedAt: Number(row.used_at) }),
  };
}
