/**
 * The Merkle tree of RFC 6962, section 2.1, as it grows: a tree of any size is held as its *frontier*, the roots of its
 * largest complete subtrees, at most 53 hashes. Appending needs nothing else, and names every subtree that became
 * complete, so that a store can keep each hash once and for ever. This file runs in browsers too.
 */
import { sha256 } from '@noble/hashes/sha2.js';

/** A complete subtree: the leaves from `index * 2^level` on, `2^level` of them. Level 0 are the leaves. */
export interface NodeCoordinate {
  readonly level: number;
  readonly index: number;
}

export interface TreeNode extends NodeCoordinate {
  readonly hash: Uint8Array;
}

/** A tree of `size` leaves: `hashes` are the roots of its largest complete subtrees, from left to right. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export interface Growth {
  readonly frontier: Frontier;
  /** Every subtree that became complete, leaves included; each after its children. */
  readonly nodes: readonly TreeNode[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] };
export const HASH_BYTES = 32;

// RFC 6962, section 2.1: the prefixes keep a leaf from being presented as an inner node, and the reverse.
const LEAF_PREFIX = 0;
const CHILDREN_PREFIX = 1;

export function hashLeaf(leaf: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + leaf.length);
  input[0] = LEAF_PREFIX;
  input.set(leaf, 1);
  return sha256(input);
}

export function hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + 2 * HASH_BYTES);
  input[0] = CHILDREN_PREFIX;
  input.set(left, 1);
  input.set(right, 1 + HASH_BYTES);
  return sha256(input);
}

/** Appends leaves, given by their hashes (`hashLeaf`). The frontier that goes in stays as it was. */
export function appendLeaves(frontier: Frontier, leafHashes: readonly Uint8Array[]): Growth {
  assertFrontier(frontier);
  const hashes = [...frontier.hashes];
  const nodes: TreeNode[] = [];
  let size = frontier.size;
  for (const hash of leafHashes) {
    assertHash(hash);
    appendOne(hashes, nodes, size, hash);
    size += 1;
  }
  return { frontier: { size, hashes }, nodes };
}

/** The root hash of the tree; that of the empty tree is the hash of nothing. */
export function rootOf(frontier: Frontier): Uint8Array {
  assertFrontier(frontier);
  return frontier.size === 0 ? sha256(new Uint8Array()) : foldRight(frontier.hashes);
}

/** Where the hashes of the frontier of a tree of this size stand, in their order: what a store reads to resume. */
export function frontierCoordinates(size: number): readonly NodeCoordinate[] {
  assertSize(size);
  return coverRange(0, size);
}

export function frontierNodes(frontier: Frontier): readonly TreeNode[] {
  assertFrontier(frontier);
  return frontierCoordinates(frontier.size).map((place, order) => ({
    ...place,
    hash: hashAt(frontier, order),
  }));
}

/**
 * The largest complete subtrees that make up the leaves from `begin` to before `end`, from left to right. `begin` is a
 * multiple of the largest power of two that is at most `end - begin`, as for every subtree of RFC 6962.
 */
export function coverRange(begin: number, end: number): readonly NodeCoordinate[] {
  const nodes: NodeCoordinate[] = [];
  for (let start = begin; start < end; ) {
    const level = floorLog2(end - start);
    nodes.push({ level, index: start / 2 ** level });
    start += 2 ** level;
  }
  return nodes;
}

/** The root over complete subtrees of falling size: the last two are joined first. */
export function foldRight(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => hashChildren(left, right));
}

/** Hashes and roots are public: there is nothing to compare in constant time. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

export function assertSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0)
    throw new TypeError('the size of a tree is a whole number from 0 to 2^53 - 1');
}

function appendOne(hashes: Uint8Array[], nodes: TreeNode[], leafIndex: number, leafHash: Uint8Array): void {
  let hash = leafHash;
  nodes.push({ level: 0, index: leafIndex, hash });
  let [level, index] = [0, leafIndex];
  // An odd index is a right child: with it, its parent is complete.
  for (
    let left = rightChildsSibling(hashes, index);
    left !== undefined;
    left = rightChildsSibling(hashes, index)
  ) {
    hash = hashChildren(left, hash);
    [level, index] = [level + 1, (index - 1) / 2];
    nodes.push({ level, index, hash });
  }
  hashes.push(hash);
}

function rightChildsSibling(hashes: Uint8Array[], index: number): Uint8Array | undefined {
  return index % 2 === 1 ? hashes.pop() : undefined;
}

function hashAt(frontier: Frontier, order: number): Uint8Array {
  const hash = frontier.hashes[order];
  if (hash === undefined) throw new TypeError('the frontier has too few hashes for its size');
  return hash;
}

function assertFrontier({ size, hashes }: Frontier): void {
  assertSize(size);
  if (hashes.length !== countOnes(size))
    throw new TypeError(`a frontier of ${size} leaves has ${countOnes(size)} hashes, not ${hashes.length}`);
  hashes.forEach(assertHash);
}

function assertHash(hash: Uint8Array): void {
  if (hash.length !== HASH_BYTES) throw new TypeError(`a hash has ${HASH_BYTES} bytes`);
}

/** Exact for every safe integer, unlike Math.log2, which rounds up just below large powers of two. */
function floorLog2(number: number): number {
  return number.toString(2).length - 1;
}

function countOnes(size: number): number {
  return size.toString(2).replaceAll('0', '').length;
}
