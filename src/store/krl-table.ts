import type { Kysely } from 'kysely';
import type { KrlContent } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

/** Stands beside the purposes: the number of all that bundles say, lists included. */
export const BUNDLE = 'bundle';

/** The number of each purpose's list, and when it changed; 0 as long as nothing was ever revoked. */
export class KrlTable {
  readonly #queries: ReturnType<typeof krlQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = krlQueries(db);
  }

  async find(run: Run, purpose: string): Promise<Pick<KrlContent, 'number' | 'changedAt'>> {
    const row = await firstRow(run, this.#queries.find({ purpose }));
    if (row === undefined) throw new StoreError('corrupt', 'a purpose has no revocation list');
    return { number: Number(row.number), changedAt: Number(row.changed_at) };
  }

  /** At least the time, so that a copy of the database that was put back gives no number twice. */
  async renumber(run: Run, purpose: string, now: number): Promise<void> {
    const { number } = await this.find(run, purpose);
    await run(this.#queries.renumber({ purpose, number: Math.max(number + 1, now), now }));
    await this.renumberBundle(run, now);
  }

  /** A bundle of this second may be out already, with this second as its number: the next one is greater. */
  async renumberBundle(run: Run, now: number): Promise<void> {
    const { number } = await this.find(run, BUNDLE);
    await run(this.#queries.renumber({ purpose: BUNDLE, number: Math.max(number, now) + 1, now }));
  }

  async renumberAll(run: Run, now: number): Promise<void> {
    const { rows } = await run(this.#queries.purposes({}));
    for (const { purpose } of rows.filter((row) => row.purpose !== BUNDLE))
      await this.renumber(run, purpose, now);
  }
}

function krlQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ purpose: string }, { number: bigint; changed_at: bigint }>((param) =>
      db.selectFrom('krl').select(['number', 'changed_at']).where('purpose', '=', param('purpose')),
    ),
    purposes: prepare<object, { purpose: string }>(() => db.selectFrom('krl').select('purpose')),
    renumber: prepare<{ purpose: string; number: number; now: number }, unknown>((param) =>
      db
        .updateTable('krl')
        .set({ number: param('number'), changed_at: param('now') })
        .where('purpose', '=', param('purpose')),
    ),
  };
}
