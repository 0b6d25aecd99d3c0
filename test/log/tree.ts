/** Trees for tests, made by the recursion of RFC 6962, section 2.1, word for word: the judge of our incremental ones. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Frontier, TreeNode } from '../../src/log/merkle.ts';
import { appendLeaves, EMPTY_FRONTIER, hashLeaf, rootOf } from '../../src/log/merkle.ts';

export interface Tree {
  readonly leafHashes: readonly Uint8Array[];
  /** By size, from 0 on. */
  readonly frontiers: readonly Frontier[];
  readonly nodes: readonly TreeNode[];
}

/** Leaf `i` is the four bytes of `i`: no two subtrees are equal. */
export function growTree(size: number): Tree {
  const leafHashes = Array.from({ length: size }, (_, index) => hashLeaf(leafBytes(index)));
  const frontiers = [EMPTY_FRONTIER];
  const nodes: TreeNode[] = [];
  for (const leafHash of leafHashes) {
    const growth = appendLeaves(frontiers.at(-1) ?? EMPTY_FRONTIER, [leafHash]);
    frontiers.push(growth.frontier);
    nodes.push(...growth.nodes);
  }
  return { leafHashes, frontiers, nodes };
}

export function leafBytes(index: number): Uint8Array {
  return Uint8Array.of(index >>> 24, index >>> 16, index >>> 8, index);
}

export function rootAt(tree: Tree, size: number): Uint8Array {
  return rootOf(at(tree.frontiers, size));
}

/** MTH(D[n]) of RFC 6962, section 2.1. */
export function naiveRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  if (leafHashes.length === 0) return sha256(new Uint8Array());
  if (leafHashes.length === 1) return at(leafHashes, 0);
  const middle = naiveMiddle(leafHashes.length);
  const [left, right] = [naiveRoot(leafHashes.slice(0, middle)), naiveRoot(leafHashes.slice(middle))];
  return sha256(Uint8Array.of(1, ...left, ...right));
}

/** PATH(m, D[n]) of RFC 9162, section 2.1.3.1. */
export function naivePath(index: number, leafHashes: readonly Uint8Array[]): readonly Uint8Array[] {
  if (leafHashes.length === 1) return [];
  const middle = naiveMiddle(leafHashes.length);
  const [left, right] = [leafHashes.slice(0, middle), leafHashes.slice(middle)];
  return index < middle
    ? [...naivePath(index, left), naiveRoot(right)]
    : [...naivePath(index - middle, right), naiveRoot(left)];
}

/** SUBPROOF(m, D[n], b) of RFC 9162, section 2.1.4.1. */
export function naiveSubproof(
  size: number,
  leafHashes: readonly Uint8Array[],
  isWhole: boolean,
): readonly Uint8Array[] {
  if (size === leafHashes.length) return isWhole ? [] : [naiveRoot(leafHashes)];
  const middle = naiveMiddle(leafHashes.length);
  const [left, right] = [leafHashes.slice(0, middle), leafHashes.slice(middle)];
  return size <= middle
    ? [...naiveSubproof(size, left, isWhole), naiveRoot(right)]
    : [...naiveSubproof(size - middle, right, false), naiveRoot(left)];
}

export function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`nothing at ${index}`);
  return value;
}

function naiveMiddle(size: number): number {
  let middle = 1;
  while (middle * 2 < size) middle *= 2;
  return middle;
}
