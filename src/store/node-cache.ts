/** Hashes of the tree that were read lately. Complete subtrees never change, so an entry is never wrong, only dropped. */
import type { NodeCoordinate } from '../log/merkle.ts';
import type { Run } from './connection.ts';
import { StoreError } from './error.ts';
import type { LogTable } from './log-table.ts';
import { nodePosition } from './node-position.ts';

/** About 2 MB. */
const MOST_NODES = 16_384;

export class NodeCache {
  readonly #table: LogTable;
  readonly #hashes = new Map<number, Uint8Array>();

  constructor(table: LogTable) {
    this.#table = table;
  }

  /** @throws StoreError `corrupt` when a place is not in the tree. */
  async read(run: Run, places: readonly NodeCoordinate[]): Promise<readonly Uint8Array[]> {
    const missing = places.filter((place) => !this.#hashes.has(nodePosition(place)));
    const stored =
      missing.length === 0 ? new Map<number, Uint8Array>() : await this.#table.nodes(run, missing);
    // Taken out before anything is remembered, which may drop others of the same proof.
    const hashes = places.map((place) => this.#take(nodePosition(place), stored));
    for (const [order, place] of places.entries()) this.#remember(nodePosition(place), hashes[order]);
    return hashes;
  }

  #take(position: number, stored: ReadonlyMap<number, Uint8Array>): Uint8Array {
    const hash = this.#hashes.get(position) ?? stored.get(position);
    if (hash === undefined) throw new StoreError('corrupt', 'the tree has no such node');
    return hash;
  }

  /** The map keeps the order of use: what was not used for the longest time comes first. */
  #remember(position: number, hash: Uint8Array | undefined): void {
    if (hash === undefined) return;
    this.#hashes.delete(position);
    this.#hashes.set(position, hash);
    const oldest = this.#hashes.keys().next();
    if (this.#hashes.size > MOST_NODES && !oldest.done) this.#hashes.delete(oldest.value);
  }
}
