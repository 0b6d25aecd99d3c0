/**
 * Requests, and the bounded pool of those that nobody has touched. Strangers fill this table, so every step costs the
 * same however full it is: no query counts or scans, and each insert throws out a bounded number of others.
 */
import type { Kysely, QueryResult } from 'kysely';
import type { PoolBounds } from '../authority/ports.ts';
import type { PendingIssue, PendingRequest, RequestId } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { changedRows, firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { requestQueries } from './request-queries.ts';
import { changingColumns, lastingColumns, readRequestRow } from './request-row.ts';
import type { Schema } from './schema.ts';

type Dropped = QueryResult<{ readonly pool_place: bigint | null }>;

/** An insert drops at most so many of each sort; more than one is left only where bounds have been lowered. */
const MOST_DROPPED = 8;

export class RequestTable {
  readonly #queries: ReturnType<typeof requestQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = requestQueries(db);
  }

  async find(run: Run, id: RequestId): Promise<PendingRequest | undefined> {
    const row = await firstRow(run, this.#queries.find({ id }));
    return row === undefined ? undefined : readRequestRow(row);
  }

  /** Those that are kept at `now`, oldest first. */
  async listWaiting(run: Run, now: number, most: number): Promise<readonly PendingIssue[]> {
    const { rows } = await run(this.#queries.listWaiting({ now, most }));
    return rows.map(readRequestRow).filter((request) => request.action === 'issue');
  }

  async countWaiting(run: Run, person: string, now: number, most: number): Promise<number> {
    const { rows } = await run(this.#queries.waitingOf({ person, now, most }));
    return rows.length;
  }

  /** Of one person: those that wait for others or are being signed, and are kept at `now`. */
  async listTouched(run: Run, person: string, now: number): Promise<readonly PendingIssue[]> {
    const { rows: waiting } = await run(this.#queries.waitingBy({ person, now }));
    const { rows: signing } = await run(this.#queries.signingBy({ person, now }));
    return [...waiting, ...signing].map(readRequestRow).filter((request) => request.action === 'issue');
  }

  async insert(run: Run, request: PendingRequest, bounds: PoolBounds, now: number): Promise<void> {
    if (!inPool(request)) throw new TypeError('a new request is untouched');
    const purged = countUntouched(await run(this.#queries.purge({ now, most: MOST_DROPPED })));
    const pool = await firstRow(run, this.#queries.enterPool({ growth: 1 - purged }));
    if (pool === undefined) throw new StoreError('corrupt', 'the pool of requests has no row');
    await this.#insertRow(run, request, pool.last_place);
    const evicted = await this.#evict(run, request.askedNetwork, bounds, Number(pool.untouched));
    if (evicted > 0) await run(this.#queries.leavePool({ count: evicted }));
  }

  /** @returns false when the stored version is another one. */
  async update(run: Run, request: PendingRequest): Promise<boolean> {
    const stored = await firstRow(run, this.#queries.findPlace({ id: request.id, version: request.version }));
    if (stored === undefined) return false;
    const leaves = stored.pool_place !== null && !inPool(request);
    const values = { ...changingColumns(request), id: request.id, version: request.version };
    const pool_place = leaves ? null : stored.pool_place;
    const changed = await changedRows(
      run,
      this.#queries.update({ ...values, pool_place, next_version: request.version + 1 }),
    );
    if (changed === 1 && leaves) await run(this.#queries.leavePool({ count: 1 }));
    return changed === 1;
  }

  async #insertRow(run: Run, request: PendingRequest, place: bigint): Promise<void> {
    const { version } = request;
    const row = { ...lastingColumns(request), ...changingColumns(request), version, pool_place: place };
    const inserted = await changedRows(run, this.#queries.insert(row));
    if (inserted !== 1) throw new StoreError('duplicate', 'a request with this id exists');
  }

  /** A network that asks too much loses its own oldest, so that it can not drive out anybody else's. */
  async #evict(run: Run, asked_network: string, bounds: PoolBounds, untouched: number): Promise<number> {
    const { perAddress: keep, total } = bounds;
    const ofNetwork = countUntouched(
      await run(this.#queries.evictOfNetwork({ asked_network, keep, most: MOST_DROPPED })),
    );
    const excess = Math.min(untouched - ofNetwork - total, MOST_DROPPED);
    if (excess <= 0) return ofNetwork;
    return ofNetwork + countUntouched(await run(this.#queries.evictOldest({ most: excess })));
  }
}

/** A request stays in the pool until a person has touched it: one that wrong codes ended, too, is of strangers' making. */
function inPool(request: PendingRequest): boolean {
  return ['pending', 'offered', 'rejected'].includes(request.state.kind);
}

function countUntouched(dropped: Dropped): number {
  return dropped.rows.filter((row) => row.pool_place !== null).length;
}
