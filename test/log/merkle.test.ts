import { hex } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frontier, TreeNode } from '../../src/log/merkle.ts';
import {
  appendLeaves,
  coverRange,
  EMPTY_FRONTIER,
  frontierCoordinates,
  frontierNodes,
  hashChildren,
  hashLeaf,
  rootOf,
} from '../../src/log/merkle.ts';
import { at, growTree, leafBytes, naiveRoot, rootAt } from './tree.ts';

/** The reference tree of the Certificate Transparency project (google/certificate-transparency, merkle_tree_test.cc). */
const REFERENCE_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const REFERENCE_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('hashing', () => {
  it('gives the roots of the CT reference tree at every size', () => {
    const hashes = REFERENCE_LEAVES.map((leaf) => hashLeaf(hex.decode(leaf)));
    const roots = REFERENCE_ROOTS.map((_, size) =>
      rootOf(appendLeaves(EMPTY_FRONTIER, hashes.slice(0, size)).frontier),
    );
    expect(roots.map((root) => hex.encode(root))).toEqual(REFERENCE_ROOTS);
  });

  it('never hashes a leaf as it hashes two children', () => {
    const [left, right] = [hashLeaf(leafBytes(0)), hashLeaf(leafBytes(1))];
    expect(hashLeaf(Uint8Array.of(...left, ...right))).not.toEqual(hashChildren(left, right));
  });
});

describe('a frontier', () => {
  it.each([
    ['too few hashes', { size: 3, hashes: [hashLeaf(leafBytes(0))] }],
    ['too many hashes', { size: 0, hashes: [hashLeaf(leafBytes(0))] }],
    ['a short hash', { size: 1, hashes: [new Uint8Array(31)] }],
    ['a negative size', { size: -1, hashes: [] }],
    ['a broken size', { size: 0.5, hashes: [] }],
    ['a size beyond 2^53', { size: 2 ** 53, hashes: [hashLeaf(leafBytes(0))] }],
  ] satisfies [string, Frontier][])('with %s is refused', (_, frontier) => {
    expect(() => appendLeaves(frontier, [])).toThrow(TypeError);
    expect(() => rootOf(frontier)).toThrow(TypeError);
    expect(() => frontierNodes(frontier)).toThrow(TypeError);
  });

  it('refuses a leaf hash that is not one', () => {
    expect(() => appendLeaves(EMPTY_FRONTIER, [new Uint8Array(33)])).toThrow(TypeError);
  });

  it('has the root of the naive recursion at every size up to 300', () => {
    const tree = growTree(300);
    for (let size = 0; size <= 300; size++)
      expect(rootAt(tree, size), `size ${size}`).toEqual(naiveRoot(tree.leafHashes.slice(0, size)));
  });

  it('appends in batches of any sizes as it appends one by one', () => {
    const whole = growTree(400);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 80 }), { maxLength: 5 }), (batches) => {
        let [frontier, nodes]: [Frontier, TreeNode[]] = [EMPTY_FRONTIER, []];
        for (const batch of batches) {
          const growth = appendLeaves(frontier, whole.leafHashes.slice(frontier.size, frontier.size + batch));
          [frontier, nodes] = [growth.frontier, [...nodes, ...growth.nodes]];
        }
        expect(frontier).toEqual(at(whole.frontiers, frontier.size));
        expect(nodes).toEqual(whole.nodes.slice(0, nodes.length));
        expect(nodes.length).toBe(2 * frontier.size - frontier.hashes.length);
      }),
    );
  });

  it('leaves the frontier that it grew from as it was', () => {
    const before = at(growTree(7).frontiers, 7);
    const copy = structuredClone(before);
    appendLeaves(before, [hashLeaf(leafBytes(7))]);
    expect(before).toEqual(copy);
  });

  it('names each complete subtree once, with the root of its leaves', () => {
    const { nodes, leafHashes } = growTree(70);
    expect(new Set(nodes.map(({ level, index }) => `${level}/${index}`)).size).toBe(nodes.length);
    for (const { level, index, hash } of nodes)
      expect(hash).toEqual(naiveRoot(leafHashes.slice(index * 2 ** level, (index + 1) * 2 ** level)));
  });

  it('is found again among the nodes by its coordinates, at every size', () => {
    const tree = growTree(130);
    for (const frontier of tree.frontiers)
      for (const node of frontierNodes(frontier)) expect(tree.nodes).toContainEqual(node);
  });

  it('grows right where 32-bit and floating-point arithmetic would fail', () => {
    for (const size of [2 ** 31 - 1, 2 ** 32 - 1, 2 ** 52 - 1, 2 ** 53 - 2]) {
      const hashes = frontierCoordinates(size).map((_, index) => hashLeaf(leafBytes(index)));
      const { frontier, nodes } = appendLeaves({ size, hashes }, [hashLeaf(leafBytes(99))]);
      expect(frontier.hashes.length).toBe(frontierCoordinates(size + 1).length);
      for (const { level, index } of nodes) expect((index + 1) * 2 ** level).toBe(size + 1);
    }
  });
});

describe('the cover of a range', () => {
  it('is made of complete subtrees without gap, from left to right', () => {
    fc.assert(
      fc.property(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 2 ** 40 }), (multiple, length) => {
        const begin = multiple * 2 ** (length.toString(2).length - 1);
        let next = begin;
        for (const { level, index } of coverRange(begin, begin + length)) {
          expect(index * 2 ** level).toBe(next);
          next += 2 ** level;
        }
        expect(next).toBe(begin + length);
      }),
    );
  });
});
