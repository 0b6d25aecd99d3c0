import type { Kysely } from 'kysely';
import type { Run } from './connection.ts';
import { changedRows } from './connection.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

const MOST_PURGED = 8;

/** Nonces of signed calls, each as long as a call with it could be replayed. */
export class NonceTable {
  readonly #queries: ReturnType<typeof nonceQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = nonceQueries(db);
  }

  async remember(run: Run, nonce: string, until: number, now: number): Promise<boolean> {
    await run(this.#queries.purge({ now, most: MOST_PURGED }));
    return (await changedRows(run, this.#queries.remember({ nonce, until, now }))) === 1;
  }
}

function nonceQueries(db: Kysely<Schema>) {
  return {
    purge: prepare<{ now: number; most: number }, unknown>((param) =>
      db
        .deleteFrom('nonce')
        .where('nonce', 'in', (query) =>
          query
            .selectFrom('nonce as old')
            .select('old.nonce')
            .where('old.until', '<', param('now'))
            .orderBy('old.until')
            .limit(param('most')),
        ),
    ),
    /** One whose time is over may come again, purged or not. */
    remember: prepare<{ nonce: string; until: number; now: number }, unknown>((param) =>
      db
        .insertInto('nonce')
        .values({ nonce: param('nonce'), until: param('until') })
        .onConflict((conflict) =>
          conflict
            .column('nonce')
            .doUpdateSet({ until: param('until') })
            .where('nonce.until', '<', param('now')),
        ),
    ),
  };
}
