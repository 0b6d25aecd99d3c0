/**
 * Where a hash of the tree stands in the order in which hashes become complete: a leaf, then every subtree that it
 * completes. So rows are only ever appended, and one number is the key. Cox, "Transparent Logs for Skeptical Clients",
 * and golang.org/x/mod/sumdb/tlog, StoredHashIndex.
 */
import type { NodeCoordinate } from '../log/merkle.ts';

/** @throws TypeError for what is no place in a tree of at most 2^52 leaves. */
export function nodePosition({ level, index }: NodeCoordinate): number {
  // The last leaf below the node: the node comes right after it and its `level` ancestors up to here.
  const lastLeaf = (index + 1) * 2 ** level - 1;
  if (!Number.isSafeInteger(level) || !Number.isSafeInteger(index) || level < 0 || index < 0)
    throw new TypeError('a node has a level and an index from 0 on');
  if (lastLeaf >= 2 ** 52) throw new TypeError('a tree has at most 2^52 leaves');
  return completeBefore(lastLeaf) + level;
}

/** How many hashes are complete before leaf number `leaf` comes: one for every leaf, every pair, every four... */
function completeBefore(leaf: number): number {
  let total = 0;
  for (let count = leaf; count > 0; count = Math.floor(count / 2)) total += count;
  return total;
}
