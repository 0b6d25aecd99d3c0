/** The revocation list of a purpose at this moment. */
import type { Authority } from './authority.ts';
import type { Purpose } from './purpose.ts';
import type { RevocationList } from './revocation-lists.ts';

/** Clocks of hosts may be behind, by a day and more: to them a certificate is valid for a while after it ended. */
const KEEP_ENDED_SECONDS = 48 * 3600;
/** Who is on this one is denied sudo as a whole, with a new certificate, too: that must not go on for days. */
const KEEP_ENDED_SUDO_SECONDS = 3600;

/** The list as it is now, without what ended by itself. */
export async function revocationList(authority: Authority, purpose: Purpose): Promise<RevocationList> {
  await prepareList(authority, purpose);
  return authority.store.read((tx) => authority.revocationLists.in(tx, purpose));
}

/** After a copy of the store was put back, whose lists are older than those of hosts: these take no list that is older than theirs. */
export async function renumberLists({ clock, store }: Authority): Promise<void> {
  await store.write((tx) => tx.renumberRevocationLists(clock.now()));
}

/** So that a transaction that only reads finds a list without what ended by itself, and may make it anew. */
export async function prepareList(authority: Authority, purpose: Purpose): Promise<void> {
  await dropEnded(authority, purpose);
  await authority.revocationLists.rest(authority.store, purpose);
}

async function dropEnded({ clock, store }: Authority, purpose: Purpose): Promise<void> {
  const now = clock.now();
  const before = now - (purpose === 'sudo' ? KEEP_ENDED_SUDO_SECONDS : KEEP_ENDED_SECONDS);
  if (await store.read((tx) => tx.hasEndedRevocations(purpose, before)))
    await store.write((tx) => tx.dropEndedRevocations(purpose, before, now));
}
