/** The span of one piece of work on a connection that other work uses before and after it. */
import type { CompiledQuery, QueryResult } from 'kysely';
import type { Connection, Run } from './connection.ts';
import { StoreError } from './error.ts';

/** Work that waits for something else than the store would keep everybody from writing: in milliseconds. */
const MOST_TIME = 10_000;

/**
 * Runs the work with a `run` that is good until the work is over.
 * @throws what the work throws; TypeError when it did not await its queries; StoreError `unavailable` when it took too long.
 */
export async function inSession<T>(connection: Connection, work: (run: Run) => Promise<T>): Promise<T> {
  const session = new Session(connection);
  try {
    const value = await inTime(work(session.run));
    session.assertIdle();
    return value;
  } finally {
    await session.end();
  }
}

class Session {
  readonly #connection: Connection;
  readonly #underWay = new Set<Promise<unknown>>();
  #over = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  readonly run: Run = async (query) => {
    if (this.#over) throw new TypeError('this transaction is over');
    const result = execute(this.#connection, query);
    this.#underWay.add(result);
    try {
      return await result;
    } finally {
      this.#underWay.delete(result);
    }
  };

  assertIdle(): void {
    if (this.#underWay.size > 0) throw new TypeError('a transaction ended before its queries did');
  }

  /** What still runs is waited for: it would go on within the work that comes next. */
  async end(): Promise<void> {
    this.#over = true;
    await Promise.allSettled(this.#underWay);
  }
}

async function execute<O>(connection: Connection, query: CompiledQuery<O>): Promise<QueryResult<O>> {
  try {
    return await connection.db.executeQuery(query);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    throw new StoreError('unavailable', 'the database failed', { cause: error });
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const tooLate = () => reject(new StoreError('unavailable', 'a transaction took too long'));
  const timer = setTimeout(tooLate, MOST_TIME);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
