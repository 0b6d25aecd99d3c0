import type { Kysely } from 'kysely';
import type { Run } from './connection.ts';
import { changedRows } from './connection.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

/** What an alarm was raised about, each once; never removed, as its leaf is not either. */
export class AlarmTable {
  readonly #remember: ReturnType<typeof rememberQuery>;

  constructor(db: Kysely<Schema>) {
    this.#remember = rememberQuery(db);
  }

  async remember(run: Run, what: string, now: number): Promise<boolean> {
    return (await changedRows(run, this.#remember({ what, now }))) === 1;
  }
}

function rememberQuery(db: Kysely<Schema>) {
  return prepare<{ what: string; now: number }, unknown>((param) =>
    db
      .insertInto('alarm')
      .values({ what: param('what'), raised_at: param('now') })
      .onConflict((conflict) => conflict.column('what').doNothing()),
  );
}
