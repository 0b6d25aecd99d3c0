/**
 * One durable commit for all writes that wait at the same time: `fsync` is what a commit costs, and they share it. Each
 * job has a savepoint of its own, so that one that throws takes nothing but its own changes with it.
 */
import { setImmediate } from 'node:timers/promises';
import type { StoreWriter } from '../authority/ports.ts';
import type { Connection } from './connection.ts';
import { StoreError } from './error.ts';
import { LeafBasket } from './leaf-basket.ts';
import type { LogSealer, NewLeaf } from './log-sealer.ts';
import { inSession } from './session.ts';
import type { Tables } from './tables.ts';
import { makeWriter } from './transaction.ts';

/** Bounds how long the first job of a batch waits for the last one. */
const MOST_JOBS = 256;

/** A queued piece of work. `perform` gives what to tell its caller, which is told only after the commit. */
interface Job {
  perform(tx: StoreWriter): Promise<Answer>;
  refuse(error: unknown): void;
}

type Answer = () => void;

export class GroupCommit {
  readonly #connection: Connection;
  readonly #tables: Tables;
  readonly #sealer: LogSealer;
  #queue: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(connection: Connection, tables: Tables, sealer: LogSealer) {
    this.#connection = connection;
    this.#tables = tables;
    this.#sealer = sealer;
  }

  submit<T>(work: (tx: StoreWriter) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, refuse) => {
      const perform = async (tx: StoreWriter) => {
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
      // Each network event ends in its own microtasks: only after all of them have had their turn is the batch complete.
      await setImmediate();
      await this.#commit(this.#queue.splice(0, MOST_JOBS));
    }
    this.#running = undefined;
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    try {
      for (const answer of await this.#transact(jobs)) answer();
    } catch (error) {
      for (const job of jobs) job.refuse(error);
    }
  }

  async #transact(jobs: readonly Job[]): Promise<readonly Answer[]> {
    try {
      await this.#connection.begin();
      const leaves: NewLeaf[] = [];
      const answers: Answer[] = [];
      for (const job of jobs) answers.push(await this.#perform(job, leaves));
      await inSession(this.#connection, (run) => this.#sealer.seal(run, leaves));
      await this.#connection.commit();
      return answers;
    } catch (error) {
      await this.#connection.rollback();
      throw error instanceof StoreError
        ? error
        : new StoreError('unavailable', 'nothing could be stored', { cause: error });
    }
  }

  /** @throws when not even the savepoint works: then the whole batch is lost. */
  async #perform(job: Job, leaves: NewLeaf[]): Promise<Answer> {
    await this.#connection.savepoint();
    const basket = new LeafBasket();
    try {
      const answer = await inSession(this.#connection, (run) =>
        job.perform(makeWriter(this.#tables, run, basket)),
      );
      const added = basket.take();
      await this.#connection.releaseSavepoint();
      leaves.push(...added);
      return answer;
    } catch (error) {
      await this.#connection.rollbackToSavepoint();
      return () => job.refuse(error);
    }
  }
}
