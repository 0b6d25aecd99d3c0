import { hex } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  appendLeaves,
  EMPTY_FRONTIER,
  frontierNodes,
  hashChildren,
  hashLeaf,
  rootOf,
} from '../../src/log/merkle.ts';
import { lookupIn, makeProof, nodesOf, planConsistency, planInclusion } from '../../src/log/proofs.ts';
import { verifyConsistency, verifyInclusion } from '../../src/log/verify-proofs.ts';
import { logErrorCode } from './errors.ts';
import { at, growTree, naivePath, naiveSubproof, rootAt } from './tree.ts';

const SMALL = 70;
const tree = growTree(10_000);
const lookup = lookupIn(tree.nodes);

function head(size: number) {
  return { size, root: rootAt(tree, size) };
}

function inclusion(index: number, size: number) {
  return {
    index,
    leafHash: at(tree.leafHashes, index),
    proof: makeProof(planInclusion(index, size), lookup),
  };
}

function consistency(from: number, to: number): readonly Uint8Array[] {
  return makeProof(planConsistency(from, to), lookup);
}

/** Every way to flip one bit of one hash of the proof, to drop one, to double one, or to append one. */
function* spoiledProofs(proof: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  for (const [index, hash] of proof.entries()) {
    for (let byte = 0; byte < hash.length; byte++) yield proof.with(index, flipped(hash, byte));
    yield proof.toSpliced(index, 1);
    yield proof.toSpliced(index, 0, hash);
    yield proof.with(index, hash.subarray(1));
    yield proof.with(index, Uint8Array.of(...hash, 0));
  }
  yield [...proof, new Uint8Array(32)];
  yield [new Uint8Array(32), ...proof];
}

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.with(index, (bytes[index] ?? 0) ^ (1 << (index % 8)));
}

describe('an inclusion proof', () => {
  const badProof = (proof: Parameters<typeof verifyInclusion>[0], to: ReturnType<typeof head>) =>
    logErrorCode(() => verifyInclusion(proof, to)) === 'bad-proof';

  it('fails when any byte of it changes, and when a hash is missing or too many', () => {
    for (const size of [1, 2, 3, 7, 8, 13, 64, 70])
      for (const index of new Set([0, size >> 1, size - 1])) {
        const good = inclusion(index, size);
        for (const proof of spoiledProofs(good.proof))
          expect(badProof({ ...good, proof }, head(size)), `${index} of ${size}`).toBe(true);
      }
  });

  it('fails for any other leaf, index and root', () => {
    for (let size = 1; size <= 20; size++)
      for (let index = 0; index < size; index++) {
        const good = inclusion(index, size);
        for (let other = 0; other <= size; other++)
          if (other !== index) expect(badProof({ ...good, index: other }, head(size))).toBe(true);
        expect(badProof({ ...good, leafHash: flipped(good.leafHash, 5) }, head(size))).toBe(true);
        expect(badProof(good, { size, root: flipped(rootAt(tree, size), 31) })).toBe(true);
      }
  });

  it('fails against every other size of the same tree', () => {
    for (let size = 1; size <= 20; size++)
      for (let index = 0; index < size; index++)
        for (let other = 0; other <= 25; other++)
          if (other !== size) expect(badProof(inclusion(index, size), head(other))).toBe(true);
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])(
    'is refused for index or size %d',
    (number) => {
      const good = inclusion(3, 8);
      expect(badProof({ ...good, index: number }, head(8))).toBe(true);
      expect(badProof(good, { ...head(8), size: number })).toBe(true);
    },
  );

  it('of leaf 0 is not one of a leaf before it or beside it', () => {
    for (const index of [-1, -2, 0.5, -0.5])
      expect(badProof({ ...inclusion(0, 8), index }, head(8))).toBe(true);
  });

  it('is refused when the tree is higher or lower than its size says, also where the root fits', () => {
    const { leafHash, index } = inclusion(0, 1);
    const [other = leafHash] = tree.leafHashes.slice(1);
    const higher = { size: 1, root: hashChildren(other, leafHash) };
    expect(badProof({ index, leafHash, proof: [other] }, higher)).toBe(true);
    expect(badProof({ index, leafHash, proof: [] }, { size: 2, root: leafHash })).toBe(true);
  });

  it('is refused without delay when it has a million hashes', () => {
    const proof = new Array<Uint8Array>(1_000_000).fill(new Uint8Array(32));
    expect(badProof({ ...inclusion(0, 1), proof }, { size: 2 ** 53 - 1, root: rootAt(tree, 1) })).toBe(true);
  });

  it('is not planned for a leaf that is not there', () => {
    for (const [index, size] of [
      [0, 0],
      [8, 8],
      [-1, 8],
      [0.5, 8],
      [0, 2 ** 53],
    ] as const)
      expect(() => planInclusion(index, size)).toThrow(TypeError);
  });

  it('verifies for every leaf of every tree up to 70 leaves, and is the one of RFC 9162', () => {
    for (let size = 1; size <= SMALL; size++)
      for (let index = 0; index < size; index++) {
        const good = inclusion(index, size);
        expect(good.proof).toEqual(naivePath(index, tree.leafHashes.slice(0, size)));
        verifyInclusion(good, head(size));
      }
  });

  it('verifies for random leaves of random trees up to 10,000 leaves', () => {
    const leafOfTree = fc
      .integer({ min: 1, max: 10_000 })
      .chain((size) => fc.tuple(fc.nat({ max: size - 1 }), fc.constant(size)));
    fc.assert(
      fc.property(leafOfTree, ([index, size]) => verifyInclusion(inclusion(index, size), head(size))),
      { numRuns: 500 },
    );
  });

  it('of a leaf just appended is made from the old frontier and the new nodes alone', () => {
    for (let before = 0; before <= SMALL; before++)
      for (const batch of [1, 2, 3, 8, 21]) {
        const old = at(tree.frontiers, before);
        const { frontier, nodes } = appendLeaves(old, tree.leafHashes.slice(before, before + batch));
        const memory = lookupIn(frontierNodes(old), nodes);
        for (let index = before; index < frontier.size; index++) {
          const proof = makeProof(planInclusion(index, frontier.size), memory);
          verifyInclusion({ ...inclusion(index, frontier.size), proof }, head(frontier.size));
        }
      }
  });

  it('is never longer than the API allows, at any size', () => {
    const size = Number.MAX_SAFE_INTEGER;
    for (const index of [0, size - 1, 2 ** 52, 2 ** 52 - 1])
      expect(planInclusion(index, size).length).toBeLessThanOrEqual(64);
    expect(planConsistency(2 ** 52 - 1, size).length).toBeLessThanOrEqual(64);
  });
});

describe('a consistency proof', () => {
  const badProof = (from: number, to: number, proof: readonly Uint8Array[]) =>
    logErrorCode(() => verifyConsistency(head(from), head(to), proof)) === 'bad-proof';

  it('fails when any byte of it changes, and when a hash is missing or too many', () => {
    for (const [from, to] of [
      [0, 5],
      [1, 2],
      [1, 8],
      [3, 7],
      [4, 8],
      [6, 8],
      [7, 7],
      [64, 70],
      [33, 70],
    ] as const)
      for (const proof of spoiledProofs(consistency(from, to)))
        expect(badProof(from, to, proof), `${from} to ${to}`).toBe(true);
  });

  it('fails when either root is another, or the sizes are others', () => {
    const empty = head(0);
    for (let to = 1; to <= 20; to++)
      for (let from = 1; from <= to; from++) {
        const proof = consistency(from, to);
        const [old, grown] = [head(from), head(to)];
        const wrong = [
          [{ ...old, root: flipped(old.root, 3) }, grown],
          [old, { ...grown, root: flipped(grown.root, 3) }],
          ...(from === to
            ? []
            : [
                [grown, old],
                [{ ...empty, size: from }, grown],
              ]),
        ] as const;
        for (const [a = empty, b = empty] of wrong)
          expect(logErrorCode(() => verifyConsistency(a, b, proof))).toBe('bad-proof');
        for (let other = 1; other <= to; other++)
          if (other !== from) expect(badProof(other, to, proof)).toBe(true);
      }
  });

  it('fails when the trees are higher or lower than their sizes say, also where the roots fit', () => {
    const [a, b, c, d] = [
      at(tree.leafHashes, 0),
      at(tree.leafHashes, 1),
      at(tree.leafHashes, 2),
      at(tree.leafHashes, 3),
    ];
    const [old, grown] = [hashChildren(c, a), hashChildren(c, hashChildren(a, b))];
    const check = (from: Uint8Array, to: Uint8Array, proof: readonly Uint8Array[]) =>
      verifyConsistency({ size: 3, root: from }, { size: 4, root: to }, proof);
    check(old, grown, [a, b, c]);
    expect(logErrorCode(() => check(hashChildren(d, old), hashChildren(d, grown), [a, b, c, d]))).toBe(
      'bad-proof',
    );
    expect(logErrorCode(() => check(a, hashChildren(a, b), [a, b]))).toBe('bad-proof');
  });

  it('fails when the first tree is said to be empty and is not', () => {
    expect(logErrorCode(() => verifyConsistency({ size: 0, root: rootAt(tree, 1) }, head(5), []))).toBe(
      'bad-proof',
    );
  });

  it('fails for two trees that parted', () => {
    const parted = appendLeaves(at(tree.frontiers, 12), [hashLeaf(Uint8Array.of(1))]);
    const grown = appendLeaves(parted.frontier, tree.leafHashes.slice(13, 20));
    const nodes = lookupIn(tree.nodes, parted.nodes, grown.nodes);
    const proof = makeProof(planConsistency(13, 20), nodes);
    const other = { size: 20, root: rootOf(grown.frontier) };
    verifyConsistency({ size: 13, root: rootOf(parted.frontier) }, other, proof);
    expect(logErrorCode(() => verifyConsistency(head(13), other, proof))).toBe('bad-proof');
  });

  it('is not planned backwards', () => {
    expect(() => planConsistency(9, 8)).toThrow(TypeError);
    expect(() => planConsistency(-1, 8)).toThrow(TypeError);
  });

  it('verifies for all pairs of sizes up to 70, and is the one of RFC 9162', () => {
    for (let to = 0; to <= SMALL; to++)
      for (let from = 0; from <= to; from++) {
        const proof = consistency(from, to);
        if (from > 0) expect(proof).toEqual(naiveSubproof(from, tree.leafHashes.slice(0, to), true));
        verifyConsistency(head(from), head(to), proof);
      }
  });

  it('verifies for random pairs of sizes up to 10,000', () => {
    const size = fc.nat({ max: 10_000 });
    fc.assert(
      fc.property(size, size, (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        verifyConsistency(head(from), head(to), consistency(from, to));
      }),
      { numRuns: 500 },
    );
  });

  it('from the size before an append is made from the old frontier and the new nodes alone', () => {
    for (let before = 0; before <= SMALL; before++) {
      const old = at(tree.frontiers, before);
      const { nodes } = appendLeaves(old, tree.leafHashes.slice(before, before + 13));
      const proof = makeProof(planConsistency(before, before + 13), lookupIn(frontierNodes(old), nodes));
      verifyConsistency(head(before), head(before + 13), proof);
    }
  });
});

describe('a plan', () => {
  it('names only complete subtrees that the tree has', () => {
    for (let size = 1; size <= SMALL; size++) {
      const plans = [planInclusion(size >> 1, size), planConsistency(Math.ceil(size / 2), size)];
      for (const { level, index } of plans.flatMap(nodesOf))
        expect((index + 1) * 2 ** level).toBeLessThanOrEqual(size);
    }
  });

  it('can not be carried out when a node is missing or is no hash', () => {
    const plan = planInclusion(0, 8);
    expect(logErrorCode(() => makeProof(plan, () => undefined))).toBe('missing-node');
    expect(logErrorCode(() => makeProof(plan, () => new Uint8Array(31)))).toBe('missing-node');
  });
});

/** The proofs of the CT reference tree (google/certificate-transparency, merkle_tree_test.cc), leaves counted from 0. */
describe('the CT reference tree', () => {
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ];
  const { nodes } = appendLeaves(
    EMPTY_FRONTIER,
    leaves.map((leaf) => hashLeaf(hex.decode(leaf))),
  );
  const encode = (proof: readonly Uint8Array[]) => proof.map((hash) => hex.encode(hash));

  const LEAF_0 = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d';
  const LEAF_1 = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7';
  const LEAF_4 = 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b';
  const LEAVES_0_1 = 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125';
  const LEAVES_2_3 = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e';
  const LEAVES_4_5 = '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a';
  const LEAVES_6_7 = 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0';
  const LEAVES_0_3 = 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7';
  const LEAVES_4_7 = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4';

  it.each([
    [0, 1, []],
    [0, 8, [LEAF_1, LEAVES_2_3, LEAVES_4_7]],
    [5, 8, [LEAF_4, LEAVES_6_7, LEAVES_0_3]],
    [2, 3, [LEAVES_0_1]],
    [1, 5, [LEAF_0, LEAVES_2_3, LEAF_4]],
  ])('has the known inclusion proof of leaf %d in %d', (index, size, proof) => {
    expect(encode(makeProof(planInclusion(index, size), lookupIn(nodes)))).toEqual(proof);
  });

  it.each([
    [1, 1, []],
    [1, 8, [LEAF_1, LEAVES_2_3, LEAVES_4_7]],
    [6, 8, [LEAVES_4_5, LEAVES_6_7, LEAVES_0_3]],
    [2, 5, [LEAVES_2_3, LEAF_4]],
  ])('has the known consistency proof from %d to %d', (from, to, proof) => {
    expect(encode(makeProof(planConsistency(from, to), lookupIn(nodes)))).toEqual(proof);
  });
});
