/** A lost or replaced security key counts no more, from this transaction on. */
import { encodeLeaf } from '../log/leaf.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { Credential } from './records.ts';

/** Words that may stand in the log for ever. */
export const REMOVAL_REASONS = ['lost', 'stolen', 'replaced', 'left', 'mistake'] as const;
export type RemovalReason = (typeof REMOVAL_REASONS)[number];

/** @throws AuthorityError `unknown-credential` when there is no such live credential. */
export async function removeCredential(
  authority: Authority,
  id: string,
  reason: RemovalReason,
): Promise<Credential> {
  const now = authority.clock.now();
  return authority.store.write(async (tx) => {
    const credential = await tx.findCredential(id);
    if (credential === undefined || !(await tx.removeCredential(id, now)))
      throw new AuthorityError('unknown-credential', `no live credential has the id ${id}`);
    const { person } = credential;
    await tx.appendLeaf(
      encodeLeaf({ kind: 'remove-credential', recordedAt: now, person, credentialId: id, reason }),
    );
    return credential;
  });
}
