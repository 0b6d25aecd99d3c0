/** `usher logout`: our keys and certificates leave the agent; everything else in it stays. */
import { Command } from 'commander';
import { takeOut } from '../agent/agent-choice.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeJson } from '../terminal.ts';

interface LogoutOptions {
  readonly authority?: string;
  readonly json?: boolean;
}

export function logoutCommand(surroundings: Surroundings): Command {
  return new Command('logout')
    .description("take usher's keys and certificates, for login and for sudo, out of the agent")
    .option('--json', 'print the serials that were removed as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: LogoutOptions) => logout(surroundings, options));
}

export async function logout(surroundings: Surroundings, options: LogoutOptions): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const removed = await takeOut(enrolled);
  if (options.json === true) writeJson(surroundings, { authority: enrolled.settings.origin, removed });
  else say(surroundings, sentenceOf(removed.length));
}

function sentenceOf(removed: number): string {
  if (removed === 0) return 'there was nothing of ours in the agent';
  return removed === 1
    ? 'the certificate is out of the agent'
    : `${removed} certificates are out of the agent`;
}
