/**
 * A lost or replaced security key counts no more, from this transaction on, and neither does what was issued for its touches.
 * Which tokens for hosts it was touched for is not kept: all that the person made and nobody has used are over.
 */
import { encodeLeaf } from '../log/leaf.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { StoreWriter } from './ports.ts';
import type { Credential } from './records.ts';
import { revokeLive } from './revoke-live.ts';

/** Words that may stand in the log for ever. */
export const REMOVAL_REASONS = ['lost', 'stolen', 'replaced', 'left', 'mistake'] as const;
export type RemovalReason = (typeof REMOVAL_REASONS)[number];

export interface RemovedCredential {
  readonly credential: Credential;
  /** Of the certificates that rested on it. */
  readonly serials: readonly bigint[];
}

/** @throws AuthorityError `unknown-credential` when there is no such live credential. */
export async function removeCredential(
  authority: Authority,
  id: string,
  reason: RemovalReason,
): Promise<RemovedCredential> {
  const now = authority.clock.now();
  return authority.store.write(async (tx) => {
    const removed = await removeIn(tx, id, reason, '', now);
    if (removed === undefined)
      throw new AuthorityError('unknown-credential', `no live credential has the id ${id}`);
    return removed;
  });
}

/**
 * @param reason a word, for the credential. @param why what a person said, for its certificates; may be empty
 * @returns undefined when there is no such live credential.
 */
export async function removeIn(
  tx: StoreWriter,
  id: string,
  reason: RemovalReason | 'revoked',
  why: string,
  now: number,
): Promise<RemovedCredential | undefined> {
  const credential = await tx.findCredential(id);
  if (credential === undefined || !(await tx.removeCredential(id, now))) return undefined;
  const { person } = credential;
  await tx.appendLeaf(
    encodeLeaf({ kind: 'remove-credential', recordedAt: now, person, credentialId: id, reason }),
  );
  await tx.endHostTokens({ kind: 'person', name: person }, now);
  const cause = { cause: 'credential', subject: id, reason: why } as const;
  return { credential, serials: await revokeLive(tx, { kind: 'credential', id }, cause, now) };
}
