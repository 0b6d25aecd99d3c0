/** The credentials a person can touch with at this moment: the enrolled ones, and the security keys of the roster. */
import type { Roster } from '../policy/roster.ts';
import { encodePublicKey, isSecurityKey } from '../ssh/public-key.ts';
import type { StoreReader } from './ports.ts';
import type { Credential } from './records.ts';

/**
 * The live credential of this id if it is the person's; undefined also when it is somebody else's.
 * Of one that came from the roster the store knows the counter and whether it was removed; whose it is, says the roster.
 */
export async function findLiveCredential(
  tx: StoreReader,
  roster: Roster,
  person: string,
  id: string,
  now: number,
): Promise<Credential | undefined> {
  const stored = await tx.findCredential(id);
  const listed = rosterCredential(roster, person, id, now);
  // The id of an SSH key is its fingerprint.
  if (await tx.isKeyRevoked(id)) return undefined;
  if (stored === undefined) return listed;
  if (stored.removedAt !== undefined) return undefined;
  if (stored.source === 'roster') return listed && { ...listed, counter: stored.counter };
  return stored.person === person ? stored : undefined;
}

function rosterCredential(roster: Roster, person: string, id: string, now: number): Credential | undefined {
  const listed = roster.people.get(person)?.securityKeys.find(({ fingerprint }) => fingerprint === id);
  if (listed === undefined || !isSecurityKey(listed.key)) return undefined;
  return {
    id,
    person,
    kind: 'ssh-sk',
    publicKey: encodePublicKey(listed.key),
    rpId: listed.key.application,
    counter: 0,
    attestedBy: [],
    source: 'roster',
    label: listed.comment,
    createdAt: now,
  };
}
