/** Stores for tests, on real files that are gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hex } from '@scure/base';
import type { Store, StoreReader } from '../../src/authority/ports.ts';
import type { NodeCoordinate } from '../../src/log/merkle.ts';
import { appendLeaves, EMPTY_FRONTIER, hashLeaf, rootOf } from '../../src/log/merkle.ts';
import type { SignCheckpoint } from '../../src/store/log-sealer.ts';

/** What the contract suite needs from an implementation. */
export interface StoreUnderTest {
  /** Opens the same database once more, as another process would. */
  open(signCheckpoint?: SignCheckpoint): Promise<Store>;
  /** Closes all that was opened and removes the database. */
  remove(): Promise<void>;
}

/** A checkpoint that shows what it was made of; the format and the signature are the log's own business. */
export function plainCheckpoint(size: number, root: Uint8Array): string {
  return `checkpoint of ${size} leaves, root ${hex.encode(root)}`;
}

export async function makeTestDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'usher-store-'));
  return { path, remove: () => rm(path, { recursive: true }) };
}

export async function allLeaves(tx: StoreReader): Promise<Uint8Array[]> {
  const { size } = await tx.logHead();
  const leaves = await Promise.all(Array.from({ length: size }, (_, index) => tx.logLeaf(index)));
  return leaves.map((leaf, index) => leaf ?? missing(`leaf ${index}`));
}

/** What the head must be, from nothing but the leaves. */
export function expectedHead(leaves: readonly Uint8Array[]) {
  const { frontier } = appendLeaves(EMPTY_FRONTIER, leaves.map(hashLeaf));
  return { size: leaves.length, checkpoint: plainCheckpoint(leaves.length, rootOf(frontier)) };
}

/** Every complete subtree over these leaves, each with its hash. */
export function expectedNodes(
  leaves: readonly Uint8Array[],
): readonly (NodeCoordinate & { hash: Uint8Array })[] {
  return appendLeaves(EMPTY_FRONTIER, leaves.map(hashLeaf)).nodes;
}

function missing(what: string): never {
  throw new Error(`the store has lost ${what}`);
}
