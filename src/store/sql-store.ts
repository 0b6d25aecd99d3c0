import type { Store, StoreReader, StoreWriter } from '../authority/ports.ts';
import type { Connection } from './connection.ts';
import { StoreError } from './error.ts';
import { GroupCommit } from './group-commit.ts';
import type { SignCheckpoint } from './log-sealer.ts';
import { LogSealer } from './log-sealer.ts';
import { SharedReads } from './shared-reads.ts';
import { openTables } from './tables.ts';

/** The Store port over two connections to one migrated database: one writes, one reads. */
export class SqlStore implements Store {
  readonly #writing: Connection;
  readonly #reading: Connection;
  readonly #writes: GroupCommit;
  readonly #reads: SharedReads;
  #closed = false;

  constructor(writing: Connection, reading: Connection, signCheckpoint: SignCheckpoint) {
    const tables = openTables(writing.db);
    this.#writing = writing;
    this.#reading = reading;
    this.#writes = new GroupCommit(writing, tables, new LogSealer(tables.log, signCheckpoint));
    this.#reads = new SharedReads(reading, tables);
  }

  async read<T>(work: (tx: StoreReader) => Promise<T>): Promise<T> {
    this.#assertOpen();
    return this.#reads.submit(work);
  }

  async write<T>(work: (tx: StoreWriter) => Promise<T>): Promise<T> {
    this.#assertOpen();
    return this.#writes.submit(work);
  }

  /** Waits for what is under way, and refuses whatever comes after. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([this.#writes.idle(), this.#reads.idle()]);
    await this.#reading.close();
    await this.#writing.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('closed', 'the store is closed');
  }
}
