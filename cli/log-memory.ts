/** Keeps the newest checkpoint, also when two `usher` run at once: whatever is remembered continues what was. */

import { equalBytes } from '../src/fido/equal-bytes.ts';
import { ConsistencyReply } from '../src/http/contract.ts';
import { openCheckpoint } from '../src/log/checkpoint.ts';
import type { VerifiedBundle } from './bundle.ts';
import type { Enrolled } from './enrolled.ts';
import { checkLog } from './issued-check.ts';
import { loadMemory, remember } from './memory.ts';

const ATTEMPTS = 3;

/** `note` was checked to continue what this command had loaded. */
export async function rememberCheckpoint(
  enrolled: Enrolled,
  bundle: VerifiedBundle,
  note: string,
): Promise<void> {
  const { paths, name, memory } = enrolled;
  const stored = (await loadMemory(paths, name)).checkpoint;
  if (stored === memory.checkpoint || stored === undefined)
    return remember(paths, name, { checkpoint: note });
  // Another command was faster: the two were compared with the older one, not yet with each other.
  const newest = await joinHistories(enrolled, bundle, stored, note);
  await remember(paths, name, { checkpoint: newest });
}

/** A checkpoint that is shown to continue both, else the one that was stored: what is not joined is not remembered. */
async function joinHistories(
  { client }: Enrolled,
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
    // The log may have grown between the two questions.
    if (left.size === right.size && equalBytes(left.root, right.root)) return fromNote.checkpoint;
  }
  return stored;
}

function consistencyTarget(bundle: VerifiedBundle, note: string): string {
  return `/v1/log/consistency?from=${openCheckpoint(note, bundle.logKey).size}`;
}
