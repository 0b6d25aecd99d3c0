/**
 * What the command demands of a new checkpoint, given the one that it stored: the log may only have grown. Whoever sees
 * two checkpoints that contradict each other holds the proof that the log's keeper cheats, so both are worth keeping.
 */
import type { Checkpoint } from './checkpoint.ts';
import { LogError } from './error.ts';
import { verifyConsistency } from './verify-proofs.ts';

/** Both checkpoints come from `openCheckpoint`, so that their signatures are verified. */
export interface CheckpointOffer {
  /** The checkpoint accepted last; undefined at the first contact. */
  readonly seen: Checkpoint | undefined;
  readonly offered: Checkpoint;
  /** From `seen` to `offered`; empty at the first contact and between equal sizes. */
  readonly consistencyProof: readonly Uint8Array[];
}

/**
 * Returns when `offered` may replace `seen`.
 * @throws LogError `wrong-origin` when it is of another log; `fork` when it does not continue what was seen: a smaller
 * tree, another tree of the same size, or no proof that the old tree is its beginning.
 */
export function acceptCheckpoint({ seen, offered, consistencyProof }: CheckpointOffer): void {
  if (seen === undefined) return;
  if (seen.origin !== offered.origin)
    throw new LogError('wrong-origin', `the checkpoint is of log ${offered.origin}, not of ${seen.origin}`);
  try {
    verifyConsistency(seen, offered, consistencyProof);
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    const trees = `${seen.size} to ${offered.size} leaves`;
    throw new LogError(
      'fork',
      `the log does not continue what was seen before (${trees}): ${cause.message}`,
      {
        cause,
      },
    );
  }
}
