/** Reads that wait at the same time share one snapshot; one that comes later gets a later snapshot, with all that was stored before it. */
import { setImmediate } from 'node:timers/promises';
import type { StoreReader } from '../authority/ports.ts';
import type { Connection } from './connection.ts';
import { StoreError } from './error.ts';
import { inSession } from './session.ts';
import type { Tables } from './tables.ts';
import { makeReader } from './transaction.ts';

/** `perform` gives what to tell the caller, who is told once the work has ended properly. */
interface Job {
  perform(tx: StoreReader): Promise<() => void>;
  refuse(error: unknown): void;
}

export class SharedReads {
  readonly #connection: Connection;
  readonly #tables: Tables;
  #queue: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(connection: Connection, tables: Tables) {
    this.#connection = connection;
    this.#tables = tables;
  }

  submit<T>(work: (tx: StoreReader) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, refuse) => {
      const perform = async (tx: StoreReader) => {
        const value = await work(tx);
        return () => resolve(value);
      };
      this.#queue.push({ perform, refuse });
      this.#running ??= this.#drain();
    });
  }

  /** Resolves when everything that was submitted is done. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const jobs = this.#queue;
      this.#queue = [];
      await this.#readAll(jobs);
      // Who reads on and on does not keep the process from anything else.
      if (this.#queue.length > 0) await setImmediate();
    }
    this.#running = undefined;
  }

  async #readAll(jobs: readonly Job[]): Promise<void> {
    try {
      await this.#connection.begin();
      await Promise.all(jobs.map((job) => this.#read(job)));
      await this.#connection.rollback();
    } catch (error) {
      const refusal = new StoreError('unavailable', 'nothing could be read', { cause: error });
      for (const job of jobs) job.refuse(refusal);
    }
  }

  async #read(job: Job): Promise<void> {
    try {
      const answer = await inSession(this.#connection, (run) => job.perform(makeReader(this.#tables, run)));
      answer();
    } catch (error) {
      job.refuse(error);
    }
  }
}
