/** Keeps the newest checkpoint, also when two `usher` run at once: whatever is remembered continues what was. */

import { equalBytes } from '../../src/fido/equal-bytes.ts';
import { ConsistencyReply } from '../../src/http/contract/authority.ts';
import { openCheckpoint } from '../../src/log/checkpoint.ts';
import { LogError } from '../../src/log/error.ts';
import { checkLog } from '../check/issued-check.ts';
import type { VerifiedBundle } from './bundle.ts';
import type { Enrolled } from './enrolled.ts';
import { ForkError } from './fork-evidence.ts';
import { loadMemory, replaceCheckpoint } from './memory.ts';

const ATTEMPTS = 3;

/**
 * `note` was checked to continue what this command had loaded; another command may have been faster meanwhile.
 * @throws ForkError when the two are of different histories.
 */
export async function rememberCheckpoint(
  enrolled: Pick<Enrolled, 'paths' | 'name' | 'memory' | 'client'>,
  bundle: VerifiedBundle,
  note: string,
): Promise<void> {
  const { paths, name } = enrolled;
  let compared = enrolled.memory.checkpoint;
  let newest = note;
  while (!(await replaceCheckpoint(paths, name, compared, newest))) {
    compared = (await loadMemory(paths, name)).checkpoint;
    newest = compared === undefined ? note : await joinHistories(enrolled, bundle, compared, newest);
  }
}

/** A checkpoint that is shown to continue both, else the one that was stored: what is not joined is not remembered. */
async function joinHistories(
  { client }: Pick<Enrolled, 'client'>,
  bundle: VerifiedBundle,
  stored: string,
  note: string,
): Promise<string> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const [fromStored, fromNote] = [
      await client.get(consistencyTarget(bundle, stored), ConsistencyReply),
      await client.get(consistencyTarget(bundle, note), ConsistencyReply),
    ];
    const left = checkLog(fromStored, { bundle, seenCheckpoint: stored });
    const right = checkLog(fromNote, { bundle, seenCheckpoint: note });
    // Else the log has grown between the two questions.
    if (left.size === right.size) {
      if (equalBytes(left.root, right.root)) return fromNote.checkpoint;
      throw new ForkError(fromStored.checkpoint, fromNote.checkpoint, twoTrees(left.size));
    }
  }
  return stored;
}

function twoTrees(size: number): LogError {
  return new LogError('fork', `two checkpoints of ${size} leaves are not of the same tree`);
}

function consistencyTarget(bundle: VerifiedBundle, note: string): string {
  return `/v1/log/consistency?from=${openCheckpoint(note, bundle.logKey).size}`;
}
