/**
 * Proofs that a leaf is in a tree, and that one tree is the beginning of another: RFC 9162, sections 2.1.3 and 2.1.4
 * (the trees and proofs are those of RFC 6962). A *plan* says which nodes a proof is made of before any is read, so that
 * a store can fetch them in one query. This file runs in browsers too.
 */
import { LogError } from './error.ts';
import type { NodeCoordinate, TreeNode } from './merkle.ts';
import { assertSize, coverRange, foldRight, HASH_BYTES } from './merkle.ts';

/** One entry for each hash of the proof: the complete subtrees that it is made of, from left to right. */
export type ProofPlan = readonly (readonly NodeCoordinate[])[];

export type NodeLookup = (coordinate: NodeCoordinate) => Uint8Array | undefined;

/** PATH(m, D[n]) of RFC 9162, section 2.1.3.1. */
export function planInclusion(index: number, size: number): ProofPlan {
  assertSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size)
    throw new TypeError(`a tree of ${size} leaves has no leaf ${index}`);
  const plan: (readonly NodeCoordinate[])[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const middle = begin + leftSize(end - begin);
    plan.unshift(index < middle ? coverRange(middle, end) : coverRange(begin, middle));
    [begin, end] = index < middle ? [begin, middle] : [middle, end];
  }
  return plan;
}

/** PROOF(m, D[n]) of RFC 9162, section 2.1.4.1. From the empty tree, and from the same tree, nothing is to be shown. */
export function planConsistency(from: number, to: number): ProofPlan {
  assertSize(from);
  assertSize(to);
  if (from > to) throw new TypeError(`a tree of ${to} leaves does not begin with one of ${from}`);
  if (from === 0) return [];
  const plan: (readonly NodeCoordinate[])[] = [];
  let [begin, end] = [0, to];
  while (from !== end) {
    const middle = begin + leftSize(end - begin);
    plan.unshift(from <= middle ? coverRange(middle, end) : coverRange(begin, middle));
    [begin, end] = from <= middle ? [begin, middle] : [middle, end];
  }
  // SUBPROOF(m, D[m], true): the verifier knows the old root itself, which the last subtree is if it begins at leaf 0.
  return begin === 0 ? plan : [coverRange(begin, end), ...plan];
}

/** All nodes that the proof is made of. */
export function nodesOf(plan: ProofPlan): readonly NodeCoordinate[] {
  return plan.flat();
}

/** @throws LogError `missing-node` when the lookup does not know one of the plan's nodes. */
export function makeProof(plan: ProofPlan, lookup: NodeLookup): readonly Uint8Array[] {
  return plan.map((places) => foldRight(places.map((place) => found(lookup, place))));
}

/**
 * Looks nodes up in memory. The nodes of the frontier before an append (`frontierNodes`) and the nodes that it made
 * suffice for the inclusion proof of each new leaf and for the consistency proof from the size before.
 */
export function lookupIn(...groups: readonly (readonly TreeNode[])[]): NodeLookup {
  const table = new Map(groups.flat().map((node) => [keyOf(node), node.hash]));
  return (coordinate) => table.get(keyOf(coordinate));
}

function found(lookup: NodeLookup, place: NodeCoordinate): Uint8Array {
  const hash = lookup(place);
  if (hash?.length !== HASH_BYTES)
    throw new LogError('missing-node', `node ${place.index} of level ${place.level} is not known`);
  return hash;
}

function keyOf({ level, index }: NodeCoordinate): string {
  return `${level}/${index}`;
}

/** The largest power of two that is smaller than `size`. */
function leftSize(size: number): number {
  return 2 ** ((size - 1).toString(2).length - 1);
}
