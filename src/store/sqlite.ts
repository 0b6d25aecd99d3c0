/** The Store port on one SQLite file. */
import { chmod, open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Store } from '../authority/ports.ts';
import { StoreError } from './error.ts';
import type { SignCheckpoint } from './log-sealer.ts';
import type { ColumnTypes } from './migrations/create-table.ts';
import { migrate } from './migrations/migrate.ts';
import { SqlStore } from './sql-store.ts';
import { isBusy, SqliteConnection } from './sqlite-connection.ts';

export interface SqliteStoreOptions {
  /** The file; made when it is missing. Its directory also gets `-wal` and `-shm` files of the same mode. */
  readonly path: string;
  readonly signCheckpoint: SignCheckpoint;
}

const COLUMN_TYPES: ColumnTypes = {
  integer: 'integer',
  bytes: 'blob',
  tableEnd: sql`strict`,
  keyTableEnd: sql`strict, without rowid`,
};

const PRAGMAS = [
  // Kept in the file. The readers never wait for the writer, nor the writer for them.
  'journal_mode = wal',
  // A commit is on the disk before anybody hears of it.
  'synchronous = full',
  'trusted_schema = off',
  'cell_size_check = on',
  'temp_store = memory',
  // In KiB when negative; for each connection.
  'cache_size = -8192',
  // A write-ahead log that once grew large is cut back to so many bytes.
  'journal_size_limit = 16777216',
];
const READING_PRAGMAS = [
  'trusted_schema = off',
  'cell_size_check = on',
  'temp_store = memory',
  'cache_size = -8192',
];

/** Of the two processes that open a new file at once, one may be told that it is busy, without waiting. */
const OPENING_TRIES = 100;

/**
 * Opens the store and brings its tables to this version. Any number of processes may have the same file open.
 * @throws StoreError `unavailable` when the file can not be had, `migration-failed`, or `corrupt`.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  await makePrivateFile(options.path);
  const writing = await openWriting(options.path);
  try {
    await migrate(writing, COLUMN_TYPES);
    return await openOverWriter(writing, options);
  } catch (error) {
    await writing.close();
    throw error;
  }
}

async function openOverWriter(writing: SqliteConnection, options: SqliteStoreOptions): Promise<Store> {
  const reading = new SqliteConnection(options.path, 'reading', READING_PRAGMAS);
  const store = new SqlStore(writing, reading, options.signCheckpoint);
  try {
    // Checks the head of the log against its nodes and signs it again, so that a key that is missing shows at once.
    await store.write(async () => undefined);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Mode 0600 before there is anything in it; SQLite gives its other files the mode of this one. */
async function makePrivateFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'a', 0o600);
    await file.close();
    await chmod(path, 0o600);
  } catch (error) {
    throw new StoreError('unavailable', 'the database file can not be opened for writing', { cause: error });
  }
}

async function openWriting(path: string): Promise<SqliteConnection> {
  for (let tries = 1; ; tries += 1) {
    try {
      return new SqliteConnection(path, 'writing', PRAGMAS);
    } catch (error) {
      if (!isBusy(error) || tries === OPENING_TRIES)
        throw new StoreError('unavailable', 'the database can not be opened', { cause: error });
    }
    await pause(10);
  }
}
