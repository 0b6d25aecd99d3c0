/** A connection to an SQLite file. All that is peculiar to SQLite is here, in sqlite-driver.ts and in sqlite.ts. */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { Kysely, SqliteDialect } from 'kysely';
import type { Connection } from './connection.ts';
import { StoreError } from './error.ts';
import type { Schema } from './schema.ts';
import { SqliteDriverDatabase } from './sqlite-driver.ts';

/** SQLITE_BUSY, the low byte of its extended codes; https://www.sqlite.org/rescode.html */
const BUSY = 5;
/** How long another process may hold the write lock, and how often it is asked for, in milliseconds. */
const PATIENCE = 5_000;
const PAUSE = 1;

export class SqliteConnection implements Connection {
  readonly db: Kysely<Schema>;
  readonly #database: DatabaseSync;
  readonly #begin: string;

  /** @param pragmas hold for as long as the connection does */
  constructor(path: string, kind: 'writing' | 'reading', pragmas: readonly string[]) {
    this.#database = new DatabaseSync(path, {
      readOnly: kind === 'reading',
      readBigInts: true,
      enableForeignKeyConstraints: true,
      defensive: true,
      // A busy database makes SQLite sleep, and with it this whole process: the writer waits in `begin` instead.
      timeout: kind === 'reading' ? PATIENCE : 0,
    });
    this.#begin = kind === 'writing' ? 'begin immediate' : 'begin';
    this.db = new Kysely({
      dialect: new SqliteDialect({ database: new SqliteDriverDatabase(this.#database) }),
    });
    for (const pragma of pragmas) this.#database.exec(`pragma ${pragma}`);
  }

  async begin(): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!this.#beganNow(performance.now() > deadline)) await pause(PAUSE);
  }

  async commit(): Promise<void> {
    this.#database.exec('commit');
  }

  async rollback(): Promise<void> {
    // SQLite has ended the transaction itself when the disk failed.
    if (this.#database.isTransaction) this.#database.exec('rollback');
  }

  async savepoint(): Promise<void> {
    this.#database.exec('savepoint job');
  }

  async releaseSavepoint(): Promise<void> {
    this.#database.exec('release job');
  }

  async rollbackToSavepoint(): Promise<void> {
    this.#database.exec('rollback to job');
    this.#database.exec('release job');
  }

  async close(): Promise<void> {
    await this.db.destroy();
    if (this.#database.isOpen) this.#database.close();
  }

  #beganNow(isLast: boolean): boolean {
    try {
      this.#database.exec(this.#begin);
      return true;
    } catch (error) {
      if (isBusy(error) && !isLast) return false;
      throw new StoreError('unavailable', 'the database can not be locked', { cause: error });
    }
  }
}

export function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  return typeof error.errcode === 'number' && (error.errcode & 0xff) === BUSY;
}
