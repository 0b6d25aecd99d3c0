/** Verification of proofs: RFC 9162, sections 2.1.3.2 and 2.1.4.2, step by step. This file runs in browsers too. */
import { sha256 } from '@noble/hashes/sha2.js';
import { LogError } from './error.ts';
import { HASH_BYTES, hashChildren, sameHash } from './merkle.ts';

/** A tree as a checkpoint states it. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface Inclusion {
  readonly index: number;
  /** `hashLeaf` of the leaf's exact bytes. */
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The path still to go, from a node and from the last node of its level up to the root. */
interface Path {
  node: number;
  last: number;
}

/**
 * @throws LogError `bad-proof` unless the proof shows that the leaf is in the tree at that index. Size and root must come
 * from a verified checkpoint: a root alone does not tell the size of its tree.
 */
export function verifyInclusion({ index, leafHash, proof }: Inclusion, tree: TreeHead): void {
  assertWellFormed([leafHash, tree.root, ...proof], [index, tree.size]);
  if (index >= tree.size) fail('the leaf lies outside the tree');
  const path: Path = { node: index, last: tree.size - 1 };
  let hash = leafHash;
  for (const sibling of proof) {
    if (path.last === 0) fail('the proof is too long');
    if (isRightOrLast(path)) {
      hash = hashChildren(sibling, hash);
      skipLevelsWithoutSibling(path);
    } else hash = hashChildren(hash, sibling);
    goUp(path);
  }
  if (path.last !== 0) fail('the proof is too short');
  if (!sameHash(hash, tree.root)) fail('the leaf is not in the tree');
}

/** @throws LogError `bad-proof` unless the proof shows that the tree `to` begins with the whole tree `from`. */
export function verifyConsistency(from: TreeHead, to: TreeHead, proof: readonly Uint8Array[]): void {
  assertWellFormed([from.root, to.root, ...proof], [from.size, to.size]);
  if (from.size > to.size) fail('the tree became smaller');
  if (from.size === 0 && !sameHash(from.root, sha256(new Uint8Array())))
    fail('this is not the root of an empty tree');
  if (from.size === to.size && !sameHash(from.root, to.root)) fail('two trees of one size differ');
  if (from.size > 0 && from.size < to.size) verifyGrowth(from, to, proof);
  else if (proof.length > 0) fail('the proof is too long');
}

function verifyGrowth(from: TreeHead, to: TreeHead, proof: readonly Uint8Array[]): void {
  const path: Path = { node: from.size - 1, last: to.size - 1 };
  while (path.node % 2 === 1) goUp(path);
  // Only where the old tree is complete (its size a power of two) does its root begin the proof, unsent.
  const [start, ...rest] = path.node === 0 ? [from.root, ...proof] : proof;
  if (start === undefined) throw badProof('the proof is too short');
  let [old, grown] = [start, start];
  for (const sibling of rest) {
    if (path.last === 0) fail('the proof is too long');
    if (isRightOrLast(path)) {
      old = hashChildren(sibling, old);
      grown = hashChildren(sibling, grown);
      skipLevelsWithoutSibling(path);
    } else grown = hashChildren(grown, sibling);
    goUp(path);
  }
  if (path.last !== 0) fail('the proof is too short');
  if (!sameHash(old, from.root) || !sameHash(grown, to.root))
    fail('the tree does not begin with the old one');
}

function isRightOrLast({ node, last }: Path): boolean {
  return node % 2 === 1 || node === last;
}

/** A last node without sibling is carried up unchanged until it is a right child. */
function skipLevelsWithoutSibling(path: Path): void {
  while (path.node % 2 === 0 && path.node !== 0) goUp(path);
}

function goUp(path: Path): void {
  // Not `>> 1`: sizes go beyond 32 bits.
  path.node = Math.floor(path.node / 2);
  path.last = Math.floor(path.last / 2);
}

function assertWellFormed(hashes: readonly Uint8Array[], numbers: readonly number[]): void {
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0))
    fail('an index or a size is not a whole number');
  if (!hashes.every((hash) => hash.length === HASH_BYTES)) fail('a hash is not 32 bytes long');
}

function fail(reason: string): never {
  throw badProof(reason);
}

function badProof(reason: string): LogError {
  return new LogError('bad-proof', reason);
}
