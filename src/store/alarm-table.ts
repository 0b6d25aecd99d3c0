import type { Kysely } from 'kysely';
import type { Run } from './connection.ts';
import { changedRows, firstRow } from './connection.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

/** What an alarm was raised about, each once; never removed, as its leaf is not either. */
export class AlarmTable {
  readonly #queries: ReturnType<typeof alarmQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = alarmQueries(db);
  }

  async isKnown(run: Run, what: string): Promise<boolean> {
    return (await firstRow(run, this.#queries.find({ what }))) !== undefined;
  }

  async count(run: Run, host: string, since: number, most: number): Promise<number> {
    return (await run(this.#queries.ofHost({ host, since, most }))).rows.length;
  }

  async remember(run: Run, what: string, host: string, now: number): Promise<boolean> {
    return (await changedRows(run, this.#queries.remember({ what, host, now }))) === 1;
  }
}

function alarmQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ what: string }, { what: string }>((param) =>
      db.selectFrom('alarm').select('what').where('what', '=', param('what')),
    ),
    ofHost: prepare<{ host: string; since: number; most: number }, { what: string }>((param) =>
      db
        .selectFrom('alarm')
        .select('what')
        .where('host', '=', param('host'))
        .where('raised_at', '>=', param('since'))
        .limit(param('most')),
    ),
    remember: prepare<{ what: string; host: string; now: number }, unknown>((param) =>
      db
        .insertInto('alarm')
        .values({ what: param('what'), host: param('host'), raised_at: param('now') })
        .onConflict((conflict) => conflict.column('what').doNothing()),
    ),
  };
}
