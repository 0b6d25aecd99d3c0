/** The span of one piece of work on a connection that others use after it. */
import type { CompiledQuery, QueryResult } from 'kysely';
import type { Connection, Run } from './connection.ts';
import { StoreError } from './error.ts';

export class Session {
  readonly #connection: Connection;
  readonly #underWay = new Set<Promise<unknown>>();
  #over = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  readonly run: Run = async (query) => {
    if (this.#over) throw new TypeError('this transaction is over');
    const result = this.#execute(query);
    this.#underWay.add(result);
    try {
      return await result;
    } finally {
      this.#underWay.delete(result);
    }
  };

  /**
   * Ends the work: what still runs is waited for, since it would go on in the next one's transaction.
   * @throws TypeError when something was still running: the work did not await what it did.
   */
  async end(): Promise<void> {
    this.#over = true;
    if (this.#underWay.size === 0) return;
    await Promise.allSettled(this.#underWay);
    throw new TypeError('a transaction ended before its queries did');
  }

  async #execute<O>(query: CompiledQuery<O>): Promise<QueryResult<O>> {
    try {
      return await this.#connection.db.executeQuery(query);
    } catch (error) {
      if (error instanceof TypeError) throw error;
      throw new StoreError('unavailable', 'the database failed', { cause: error });
    }
  }
}
