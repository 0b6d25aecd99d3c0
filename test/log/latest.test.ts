import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../src/log/checkpoint.ts';
import { acceptCheckpoint } from '../../src/log/latest.ts';
import { lookupIn, makeProof, planConsistency } from '../../src/log/proofs.ts';
import { logErrorCode } from './errors.ts';
import { growTree, rootAt } from './tree.ts';

const tree = growTree(40);
const lookup = lookupIn(tree.nodes);

function checkpoint(size: number, origin = 'ca.example.org'): Checkpoint {
  return { origin, size, root: rootAt(tree, size) };
}

function proof(from: number, to: number): readonly Uint8Array[] {
  return makeProof(planConsistency(from, to), lookup);
}

function refusal(
  seen: Checkpoint,
  offered: Checkpoint,
  consistencyProof: readonly Uint8Array[] = [],
): string {
  return logErrorCode(() => acceptCheckpoint({ seen, offered, consistencyProof }));
}

const forged = { ...checkpoint(20), root: new Uint8Array(32) };

describe('a new checkpoint', () => {
  it('of a smaller tree is a fork, also with the proof of the other direction', () => {
    expect(refusal(checkpoint(20), checkpoint(19))).toBe('fork');
    expect(refusal(checkpoint(20), checkpoint(10), proof(10, 20))).toBe('fork');
    expect(refusal(checkpoint(1), checkpoint(0))).toBe('fork');
  });

  it('of the same size with another root is a fork', () => {
    expect(refusal(checkpoint(20), forged)).toBe('fork');
  });

  it('of a tree that does not begin with the old one is a fork', () => {
    expect(refusal(forged, checkpoint(40), proof(20, 40))).toBe('fork');
    expect(refusal(checkpoint(20), { ...checkpoint(40), root: new Uint8Array(32) }, proof(20, 40))).toBe(
      'fork',
    );
  });

  it('without proof, or with that of another size, is taken for a fork', () => {
    expect(refusal(checkpoint(20), checkpoint(40))).toBe('fork');
    expect(refusal(checkpoint(20), checkpoint(40), proof(21, 40))).toBe('fork');
  });

  it('of another log is refused', () => {
    expect(refusal(checkpoint(20), checkpoint(40, 'other.example.org'), proof(20, 40))).toBe('wrong-origin');
  });

  it("that can not be read because of a programmer's mistake is not called a fork", () => {
    const offered = {
      ...checkpoint(40),
      get root(): Uint8Array {
        throw new TypeError('a mistake');
      },
    };
    expect(() => acceptCheckpoint({ seen: checkpoint(20), offered, consistencyProof: [] })).toThrow(
      TypeError,
    );
  });

  it('that is the same again is accepted', () => {
    expect(() =>
      acceptCheckpoint({ seen: checkpoint(20), offered: checkpoint(20), consistencyProof: [] }),
    ).not.toThrow();
  });

  it('that continues the log is accepted, from every size to every size', () => {
    for (let to = 0; to <= 40; to++)
      for (let from = 0; from <= to; from++)
        acceptCheckpoint({
          seen: checkpoint(from),
          offered: checkpoint(to),
          consistencyProof: proof(from, to),
        });
  });

  it('is accepted at the first contact', () => {
    expect(() =>
      acceptCheckpoint({ seen: undefined, offered: checkpoint(7), consistencyProof: [] }),
    ).not.toThrow();
  });
});
