import { hex } from '@scure/base';
import { encodeLeaf } from '../log/leaf.ts';
import type { Authority } from './authority.ts';
import { claimCaKeysIn } from './key-roles.ts';

export interface LoadedRoster {
  readonly digest: string;
  readonly changed: boolean;
}

/**
 * Puts a new roster in force, whole or not at all. Every process that shares the store follows with its next transaction.
 * @throws AuthorityError `bad-roster` that lists every fault; `key-has-role` when it names a CA key that was something else.
 */
export async function loadRoster(authority: Authority, text: string): Promise<LoadedRoster> {
  const roster = authority.rosters.parse(text);
  const digest = hex.encode(roster.digest);
  const changed = await authority.store.write(async (tx) => {
    if ((await tx.rosterDigest()) === digest) return false;
    const now = authority.clock.now();
    await tx.setRoster(digest, text, now);
    await tx.appendLeaf(encodeLeaf({ kind: 'roster', recordedAt: now, digest: roster.digest }));
    await claimCaKeysIn(authority, tx);
    return true;
  });
  return { digest, changed };
}
