/** `usher sudo`: a certificate that pam-ussh takes, in the agent. */
import { Command } from 'commander';
import { readyAgent } from '../agent/agent-choice.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { addCaKeyOption } from '../issue/ca-key-option.ts';
import { lifetimeOf } from '../issue/lifetime.ts';
import { describeCertified } from '../issue/report.ts';
import type { SudoIssueOptions } from '../issue/sudo-issue.ts';
import { issueSudo } from '../issue/sudo-issue.ts';
import { hostsToAsk, reasonToGive } from '../issue/sudo-wish.ts';
import type { Surroundings } from '../surroundings.ts';
import { writeJson } from '../terminal.ts';
import { addTouchOptions } from '../touch-options.ts';

interface SudoOptions extends SudoIssueOptions {
  readonly authority?: string;
  readonly login?: string;
  readonly for?: string;
  readonly everywhere?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

export function sudoCommand(surroundings: Surroundings): Command {
  const command = new Command('sudo')
    .description('get a certificate for sudo on these hosts, and put it with its key into the ssh-agent')
    .argument('[host...]', 'by their names in the roster; those of the certificate in the agent are kept')
    .option('--for <duration>', 'lifetime, such as 30m or 2h (default: as your role says)')
    .option('--everywhere', 'one that every host takes, if your role allows it')
    .option('--reason <text>', 'why: approvers read it, and the log keeps it')
    .option('--only', 'for these hosts only: drop those of the certificate in the agent')
    .option('--login <name>', 'the Unix account that runs sudo (default: the one of your name)')
    .option(
      '--key <file>',
      'certify this private key instead of a fresh one; with a security key each sudo is a touch',
    )
    .option('--confirm', 'make the agent ask you at each use of the key')
    .option('--no-open', 'do not open a browser: print the address and the code')
    .option('--json', 'print the certificate and what it says as JSON');
  return addTouchOptions(addCaKeyOption(command)).action((hosts: string[], options: SudoOptions) =>
    sudo(surroundings, hosts, options),
  );
}

export async function sudo(
  surroundings: Surroundings,
  names: readonly string[],
  options: SudoOptions,
): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const { settings } = enrolled;
  const hosts = hostsToAsk(names, options.everywhere, settings);
  const lifetime = lifetimeOf(options.for);
  await readyAgent(enrolled, options);
  const reason = await reasonToGive(surroundings, settings, options.reason);
  const certified = await issueSudo(enrolled, { login: options.login, hosts, lifetime, reason }, options);
  if (options.json === true) writeJson(surroundings, describeCertified(enrolled, 'sudo', certified, null));
}
