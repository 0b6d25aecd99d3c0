/** What of ours the agent holds now. */
import type { Enrolled } from './enrolled.ts';
import { storedBundle } from './enrolled.ts';
import type { Entry, EntryOwner } from './entries.ts';
import { ownEntries, usableEntries } from './entries.ts';
import { hasOwnAgent } from './own-agent.ts';
import { withAgent } from './ssh-agent.ts';

export function entryOwner({ settings, name }: Enrolled, purpose: EntryOwner['purpose']): EntryOwner {
  return { purpose, person: settings.person, authority: name };
}

/** Also those that are over. @throws UsherCommandError `agent` */
export async function findEntries(
  enrolled: Enrolled,
  purpose: EntryOwner['purpose'],
): Promise<readonly Entry[]> {
  const { agent } = enrolled;
  if (agent.own && !(await hasOwnAgent(agent.socket))) return [];
  const identities = await withAgent(agent, (connection) => connection.list());
  return ownEntries(identities, entryOwner(enrolled, purpose));
}

/** Those that hosts take now, as far as is known here. */
export async function findUsable(
  enrolled: Enrolled,
  purpose: EntryOwner['purpose'],
): Promise<readonly Entry[]> {
  const caKeys = storedBundle(enrolled)?.caKeys.filter((ca) => ca.purpose === purpose) ?? [];
  const keys = caKeys.map(({ key }) => key);
  return usableEntries(await findEntries(enrolled, purpose), keys, enrolled.surroundings.now());
}
