import { expect, test } from 'vitest';
import { appendLeaves, EMPTY_FRONTIER } from '../../src/log/merkle.ts';
import { nodePosition } from '../../src/store/node-position.ts';

test('nodes stand one behind the other in the order in which they become complete', () => {
  const leaves = Array.from({ length: 700 }, () => new Uint8Array(32));
  const { nodes } = appendLeaves(EMPTY_FRONTIER, leaves);
  expect(nodes.map(nodePosition)).toEqual(nodes.map((_, index) => index));
});

test.each([
  [{ level: 0, index: 2 ** 51 }, 2 ** 52 - 1],
  [{ level: 51, index: 0 }, 2 ** 52 - 2],
])('%o, far out, stands exactly at %d', (place, position) => {
  expect(nodePosition(place)).toBe(position);
});

test.each([
  { level: 0, index: -1 },
  { level: -1, index: 0 },
  { level: 0, index: 0.5 },
  { level: Number.NaN, index: 0 },
  { level: 0, index: 2 ** 52 },
  { level: 53, index: 0 },
])('%o is nowhere', (place) => {
  expect(() => nodePosition(place)).toThrow(TypeError);
});
