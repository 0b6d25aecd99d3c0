/** What differs between databases besides the words of SQL: how transactions begin and end. */
import type { CompiledQuery, Kysely, QueryResult } from 'kysely';
import type { Schema } from './schema.ts';

export interface Connection {
  readonly db: Kysely<Schema>;
  /**
   * Begins a transaction: of a writing connection the only one in the world, so that the end of the log stays where it is.
   * @throws StoreError `unavailable` when that can not be had in time.
   */
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** One level of savepoints is enough: what a job did since it began. */
  savepoint(): Promise<void>;
  releaseSavepoint(): Promise<void>;
  rollbackToSavepoint(): Promise<void>;
  close(): Promise<void>;
}

/** Runs a query within the transaction that is under way. */
export type Run = <O>(query: CompiledQuery<O>) => Promise<QueryResult<O>>;

export async function firstRow<O>(run: Run, query: CompiledQuery<O>): Promise<O | undefined> {
  return (await run(query)).rows[0];
}

/** How many rows the query changed. */
export async function changedRows(run: Run, query: CompiledQuery<unknown>): Promise<number> {
  return Number((await run(query)).numAffectedRows ?? 0n);
}
