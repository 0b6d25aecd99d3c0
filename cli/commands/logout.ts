/** `usher logout`: our key and certificate leave the agent; everything else in it stays. */
import { Command } from 'commander';
import { openEnrolled } from '../enrolled.ts';
import { ownEntries } from '../entries.ts';
import { withAgent } from '../ssh-agent.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeJson } from '../terminal.ts';

interface LogoutOptions {
  readonly authority?: string;
  readonly json?: boolean;
}

export function logoutCommand(surroundings: Surroundings): Command {
  return new Command('logout')
    .description("take usher's key and certificate out of the agent")
    .option('--json', 'print the serials that were removed as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: LogoutOptions) => logout(surroundings, options));
}

export async function logout(surroundings: Surroundings, options: LogoutOptions): Promise<void> {
  const { settings, name } = await openEnrolled(surroundings, options.authority);
  const owner = { purpose: 'login', person: settings.person, authority: name } as const;
  const removed = await withAgent(surroundings.env, async (agent) => {
    const entries = ownEntries(await agent.list(), owner);
    for (const entry of entries) await agent.remove(entry.blob);
    return entries.map(({ certificate }) => certificate.fields.serial);
  });
  if (options.json === true) writeJson(surroundings, { authority: settings.origin, removed });
  else
    say(
      surroundings,
      removed.length === 0 ? 'there was nothing of ours in the agent' : 'the certificate is out of the agent',
    );
}
