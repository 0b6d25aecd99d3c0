/** Starts test/support/store-child.ts, and says what is in its database afterwards. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { allLeaves, plainCheckpoint } from './store.ts';

const CHILD = join(import.meta.dirname, 'store-child.ts');

export interface ChildOptions {
  readonly path: string;
  readonly count: number;
  readonly writers: number;
  readonly first: bigint;
  /** No file of the process may become longer: what a full disk looks like. In KiB. */
  readonly mostKilobytes?: number;
}

export class StoreChild {
  /** The serials that the child was told are stored. */
  readonly stored: bigint[] = [];
  /** The rest of its `done` line. */
  done: string | undefined;
  readonly #waiting = new Map<number, () => void>();
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(options: ChildOptions) {
    const args = [options.path, options.count, options.writers, options.first].map(String);
    // The limit is that of a shell, in units of 1024 bytes with bash; `exec` keeps one process to kill.
    const script = `ulimit -f ${options.mostKilobytes ?? 'unlimited'} && exec "$@"`;
    this.#process = spawn('bash', ['-c', script, 'bash', process.execPath, CHILD, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#ended = once(this.#process, 'close');
  }

  /** Reads what the child says, until it ends or, killed, has said that it stored so many. */
  async follow(killAfter = Number.POSITIVE_INFINITY): Promise<void> {
    const { stdout } = this.#process;
    if (stdout === null) throw new TypeError('the child has no output');
    for await (const line of createInterface({ input: stdout })) {
      const [word, ...rest] = line.split(' ');
      if (word === 'done') this.done = rest.join(' ');
      else this.stored.push(BigInt(rest[0] ?? 'nothing'));
      for (const [count, tell] of this.#waiting) if (this.stored.length >= count) tell();
      if (this.stored.length === killAfter) this.kill();
    }
    await this.#ended;
  }

  /** Waits, while somebody follows, until the child has said that it stored so many. */
  async hasStored(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(count, resolve);
    await promise;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}

/** What is wrong with a database; nothing, when every certificate has its leaf under the signed root. */
export async function whatIsStored(path: string) {
  const store = await openSqliteStore({ path, signCheckpoint: plainCheckpoint });
  const { leaves, head } = await store.read(async (tx) => ({
    leaves: await allLeaves(tx),
    head: await tx.logHead(),
  }));
  await store.close();
  const database = new DatabaseSync(path, { readOnly: true, readBigInts: true });
  const column = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0]);
  const stored = {
    leaves,
    head,
    serials: column('select serial from certificate order by serial'),
    touched: column('select serial from certificate_touch order by serial'),
    serialsInLog: column('select serial from log_leaf where serial is not null order by serial'),
    roles: column('select count(*) from key_role')[0],
    faults: [
      ...column('pragma integrity_check').filter((word) => word !== 'ok'),
      ...column('pragma foreign_key_check'),
    ],
  };
  database.close();
  return stored;
}
