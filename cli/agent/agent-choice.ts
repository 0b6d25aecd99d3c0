/** Which agent a command works with: as the settings remember, unless the person chooses another one now. */

import type { Enrolled } from '../authority/enrolled.ts';
import { changeSettings } from '../authority/settings.ts';
import { UsherCommandError } from '../error.ts';
import { agentAddress } from './agent-address.ts';
import { requireAskpass } from './askpass.ts';
import type { EntryOwner } from './entries.ts';
import { startOwnAgent } from './own-agent.ts';
import { findEntries } from './own-entries.ts';
import { withAgent } from './ssh-agent.ts';

const PURPOSES: readonly EntryOwner['purpose'][] = ['login', 'sudo'];

export function chooseAgent(enrolled: Enrolled, own: boolean | undefined): Enrolled {
  return own === undefined ? enrolled : { ...enrolled, agent: agentAddress(enrolled.surroundings.env, own) };
}

/** What could fail about the agent fails here, before anybody is asked to touch. */
export async function readyAgent(
  { agent, surroundings }: Enrolled,
  options: { readonly confirm?: boolean },
): Promise<void> {
  if (options.confirm === true) await requireAskpass(surroundings);
  if (agent.own) await startOwnAgent(agent.socket, surroundings.env);
  await withAgent(agent, (connection) => connection.list());
}

/** Remembers the choice, once keys are there; what is left of ours in the other agent would still be forwarded with it. */
export async function keepChoice(enrolled: Enrolled): Promise<void> {
  const { agent, settings, surroundings, paths, name } = enrolled;
  if (agent.own === (settings.ownAgent === true)) return;
  await changeSettings(paths, name, (current) => ({ ...current, ownAgent: agent.own }));
  await emptyQuietly({ ...enrolled, agent: agentAddress(surroundings.env, !agent.own) });
}

/** @returns the serials of what was taken out. */
export async function takeOut(enrolled: Enrolled): Promise<readonly bigint[]> {
  const found = await Promise.all(PURPOSES.map((purpose) => findEntries(enrolled, purpose)));
  const entries = found.flat();
  if (entries.length === 0) return [];
  return withAgent(enrolled.agent, async (connection) => {
    for (const { blob } of entries) await connection.remove(blob);
    return entries.map(({ certificate }) => certificate.fields.serial);
  });
}

/** The agent that was left may be gone with its session. */
async function emptyQuietly(left: Enrolled): Promise<void> {
  try {
    await takeOut(left);
  } catch (error) {
    if (!(error instanceof UsherCommandError)) throw error;
  }
}
