/** `node:sqlite` in the shape that Kysely's SQLite dialect wants, with a bounded cache of prepared statements. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** More than all queries of the store together; only lists of changing length make new ones. */
const MAX_STATEMENTS = 256;

export class SqliteDriverDatabase implements SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): SqliteStatement {
    const statement = this.#statements.get(sql) ?? this.#prepareAnew(sql);
    // The map keeps the order of use, so that its first entry is what was not used for the longest time.
    this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepareAnew(sql: string): SqliteStatement {
    const oldest = this.#statements.keys().next();
    if (this.#statements.size >= MAX_STATEMENTS && !oldest.done) this.#statements.delete(oldest.value);
    return adaptStatement(this.#database, this.#database.prepare(sql));
  }
}

function adaptStatement(database: DatabaseSync, statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => inTransaction(database, () => statement.all(...parameters.map(bindable))),
    run: (parameters) => inTransaction(database, () => statement.run(...parameters.map(bindable))),
    iterate: () => {
      throw new TypeError('the store does not stream');
    },
  };
}

/**
 * SQLite itself ends a transaction when the disk is full or fails. What still came after that would be durable at once,
 * one statement at a time, so nothing runs outside a transaction.
 */
function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  if (!database.isTransaction) throw new TypeError('a query outside a transaction');
  return work();
}

function bindable(value: unknown): SQLInputValue {
  if (value === null || value instanceof Uint8Array) return value;
  if (typeof value === 'string' || typeof value === 'bigint') return value;
  // As a bigint it is bound as an integer: a number is bound as floating point.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  throw new TypeError(`a ${typeof value} can not be stored`);
}
