/**
 * Grows the tree by the leaves of one commit and puts a signed checkpoint over it, within that commit: there is never a
 * stored leaf that is not under a stored checkpoint.
 */
import type { Frontier } from '../log/merkle.ts';
import { appendLeaves, EMPTY_FRONTIER, frontierCoordinates, hashLeaf, rootOf } from '../log/merkle.ts';
import type { Run } from './connection.ts';
import { StoreError } from './error.ts';
import type { LogTable, StoredHead } from './log-table.ts';
import { nodePosition } from './node-position.ts';

/** A leaf that a transaction appended. */
export interface NewLeaf {
  readonly leaf: Uint8Array;
  readonly serial: bigint | undefined;
}

/** Signs the root over `size` leaves. @returns the whole signed note */
export type SignCheckpoint = (size: number, root: Uint8Array) => string;

export class LogSealer {
  readonly #table: LogTable;
  readonly #sign: SignCheckpoint;
  #frontier: Frontier = EMPTY_FRONTIER;
  /** Whether the next commit has to be signed even when it appends nothing: the last signature failed, or is missing. */
  #mustSign = true;

  constructor(table: LogTable, sign: SignCheckpoint) {
    this.#table = table;
    this.#sign = sign;
  }

  /** The caller holds the write lock, so that nobody else moves the head meanwhile. */
  async seal(run: Run, leaves: readonly NewLeaf[]): Promise<void> {
    if (leaves.length === 0 && !this.#mustSign) return;
    const head = await this.#table.head(run);
    const before = await this.#resume(run, head);
    const growth = appendLeaves(
      before,
      leaves.map(({ leaf }) => hashLeaf(leaf)),
    );
    await this.#insertLeaves(run, head.size, leaves);
    await this.#table.insertNodes(run, growth.nodes);
    if (leaves.length > 0 || head.checkpoint === '' || this.#mustSign)
      await this.#moveHead(run, growth.frontier);
    this.#frontier = growth.frontier;
  }

  /** Another process may have appended since, or a commit of ours may have failed: then the cached frontier is of no use. */
  async #resume(run: Run, head: StoredHead): Promise<Frontier> {
    if (isOver(head, this.#frontier)) return this.#frontier;
    const places = frontierCoordinates(head.size);
    const stored = await this.#table.nodes(run, places);
    const hashes = places.flatMap((place) => stored.get(nodePosition(place)) ?? []);
    const frontier = { size: head.size, hashes };
    if (hashes.length !== places.length || !isOver(head, frontier))
      throw new StoreError('corrupt', 'the head of the log is not the root over its nodes');
    return frontier;
  }

  async #insertLeaves(run: Run, size: number, leaves: readonly NewLeaf[]): Promise<void> {
    const rows = leaves.map(({ leaf, serial }, order) => ({
      leaf_index: size + order,
      serial: serial ?? null,
      leaf,
    }));
    await this.#table.insertLeaves(run, rows);
  }

  async #moveHead(run: Run, frontier: Frontier): Promise<void> {
    const root = rootOf(frontier);
    this.#mustSign = true;
    const checkpoint = this.#signOrRefuse(frontier.size, root);
    this.#mustSign = false;
    // The empty log has no checkpoint: signing it only shows that the key is there.
    if (frontier.size > 0) await this.#table.moveHead(run, { size: frontier.size, root, checkpoint });
  }

  #signOrRefuse(size: number, root: Uint8Array): string {
    try {
      const checkpoint = this.#sign(size, root);
      if (checkpoint === '') throw new TypeError('the checkpoint is empty');
      return checkpoint;
    } catch (error) {
      throw new StoreError('can-not-sign', 'the checkpoint could not be signed', { cause: error });
    }
  }
}

function isOver(head: StoredHead, frontier: Frontier): boolean {
  if (head.size !== frontier.size) return false;
  const root = rootOf(frontier);
  return root.every((byte, index) => byte === head.root[index]);
}
