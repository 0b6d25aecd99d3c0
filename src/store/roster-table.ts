import type { Kysely } from 'kysely';
import type { Run } from './connection.ts';
import { firstRow } from './connection.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

/** Every roster that was ever in force, and which one is. */
export class RosterTable {
  readonly #queries: ReturnType<typeof rosterQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = rosterQueries(db);
  }

  async digestInForce(run: Run): Promise<string | undefined> {
    return (await firstRow(run, this.#queries.inForce({})))?.digest;
  }

  async text(run: Run, digest: string): Promise<string | undefined> {
    return (await firstRow(run, this.#queries.text({ digest })))?.text;
  }

  async putInForce(run: Run, digest: string, text: string, now: number): Promise<void> {
    await run(this.#queries.keep({ digest, text, now }));
    await run(this.#queries.putInForce({ digest, now }));
  }
}

function rosterQueries(db: Kysely<Schema>) {
  return {
    inForce: prepare(() => db.selectFrom('roster_in_force').select('digest').where('id', '=', 1n)),
    text: prepare<{ digest: string }, { text: string }>((param) =>
      db.selectFrom('roster').select('text').where('digest', '=', param('digest')),
    ),
    keep: prepare<{ digest: string; text: string; now: number }, unknown>((param) =>
      db
        .insertInto('roster')
        .values({ digest: param('digest'), text: param('text'), loaded_at: param('now') })
        .onConflict((conflict) => conflict.column('digest').doNothing()),
    ),
    putInForce: prepare<{ digest: string; now: number }, unknown>((param) =>
      db
        .insertInto('roster_in_force')
        .values({ id: 1, digest: param('digest'), since: param('now') })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({ digest: param('digest'), since: param('now') }),
        ),
    ),
  };
}
