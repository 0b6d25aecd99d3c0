import type { Kysely } from 'kysely';
import type { Run } from './connection.ts';
import { changedRows, firstRow } from './connection.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

/** The newest signed statement about a keyless sudo CA; an older one never comes back. */
export class SudoStatementTable {
  readonly #queries: ReturnType<typeof sudoStatementQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = sudoStatementQueries(db);
  }

  async text(run: Run): Promise<string | undefined> {
    return (await firstRow(run, this.#queries.text({})))?.text;
  }

  async replace(run: Run, number: number, text: string): Promise<boolean> {
    return (await changedRows(run, this.#queries.replace({ number, text }))) === 1;
  }
}

function sudoStatementQueries(db: Kysely<Schema>) {
  return {
    text: prepare<object, { text: string }>(() =>
      db.selectFrom('sudo_statement').select('text').where('id', '=', 1n),
    ),
    replace: prepare<{ number: number; text: string }, unknown>((param) =>
      db
        .insertInto('sudo_statement')
        .values({ id: 1, number: param('number'), text: param('text') })
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet({ number: param('number'), text: param('text') })
            .where('sudo_statement.number', '<', param('number')),
        ),
    ),
  };
}
