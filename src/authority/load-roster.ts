import { hex } from '@scure/base';
import { encodeLeaf } from '../log/leaf.ts';
import type { Authority } from './authority.ts';
import { claimCaKeysIn } from './key-roles.ts';
import { lockThoseGone } from './machine-lock.ts';
import { revokeUncovered } from './revoke-uncovered.ts';

export interface LoadedRoster {
  readonly digest: string;
  readonly changed: boolean;
  /** How many live certificates it does not grant any more: they count no more. */
  readonly revoked: number;
}

/**
 * Puts a new roster in force, whole or not at all. Every process that shares the store follows with its next transaction.
 * @throws AuthorityError `bad-roster` that lists every fault; `key-has-role` when it names a CA key that was something else, `key-revoked`.
 */
export async function loadRoster(authority: Authority, text: string): Promise<LoadedRoster> {
  const roster = authority.rosters.parse(text);
  const digest = hex.encode(roster.digest);
  return authority.store.write(async (tx) => {
    if ((await tx.rosterDigest()) === digest) return { digest, changed: false, revoked: 0 };
    const now = authority.clock.now();
    await tx.setRoster(digest, text, now);
    await tx.appendLeaf(encodeLeaf({ kind: 'roster', recordedAt: now, digest: roster.digest }));
    await claimCaKeysIn(authority, tx);
    const revoked = await revokeUncovered(tx, roster, now);
    await lockThoseGone(tx, roster, now);
    return { digest, changed: true, revoked: revoked.length };
  });
}
