/** What of ours the agent holds now. */
import type { Enrolled } from '../authority/enrolled.ts';
import { storedBundle } from '../authority/enrolled.ts';
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

/**
 * The certificate for sudo that this command put into the agent itself, while hosts take it. Any other one may have been put there for the
 * next request to ask for more, even a good one: of another machine, or from before.
 */
export async function findOwnSudo(enrolled: Enrolled): Promise<Entry | undefined> {
  const { sudoSerial } = enrolled.memory;
  const usable = await findUsable(enrolled, 'sudo');
  return usable.find(({ certificate }) => String(certificate.fields.serial) === sudoSerial);
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
