/** Invites: one-time addresses with which a person enrols a credential. */
import { hex } from '@scure/base';
import { formatInviteAddress } from '../ssh/invite-address.ts';
import { fingerprint } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { StoreReader } from './ports.ts';
import type { Invite } from './records.ts';
import { hashSecret, newSecret } from './secrets.ts';

const INVITE_SECONDS = 86_400;

/**
 * The address to hand to the person, once and in private. The secret and the fingerprint of the key to pin are in the
 * fragment, which browsers never send.
 */
export async function invitePerson(
  authority: Authority,
  person: string,
): Promise<{ address: string; expiresAt: number }> {
  const secret = newSecret(authority.random);
  const now = authority.clock.now();
  const invite = { id: inviteIdOf(secret.text), person, createdAt: now, expiresAt: now + INVITE_SECONDS };
  await authority.store.write(async (tx) => {
    const roster = await authority.rosters.in(tx);
    if (!roster.people.has(person))
      throw new AuthorityError(
        'unknown-person',
        `the roster in force knows no ${person}: add the person to it, then usherd roster load`,
      );
    await tx.insertInvite(invite);
  });
  return { address: addressOf(authority, person, secret.text), expiresAt: invite.expiresAt };
}

export function inviteIdOf(secret: string): string {
  return hex.encode(hashSecret(secret));
}

/** @throws AuthorityError when the invite can not be used, or not any more. */
export async function findUsableInvite(tx: StoreReader, id: string, now: number): Promise<Invite> {
  const invite = await tx.findInvite(id);
  if (invite === undefined)
    throw new AuthorityError('invite-unknown', 'this invite is not known: ask for a new one');
  if (invite.usedAt !== undefined)
    throw new AuthorityError('invite-used', 'this invite has been used already');
  if (now >= invite.expiresAt)
    throw new AuthorityError('invite-expired', 'this invite is over: ask for a new one');
  return invite;
}

function addressOf(authority: Authority, person: string, secret: string): string {
  const bundleKey = fingerprint(authority.bundleKey.publicKey);
  return formatInviteAddress(authority.origin, { person, secret, bundleKey });
}
