/** `usher doctor sudo HOST`: whether the pam-ussh of a host would take what the agent holds, and if not because of which rule. */
import { Command } from 'commander';
import type { AgentFact } from '../../src/pam-ussh/facts.ts';
import { ownEntries, usableEntries } from '../agent/entries.ts';
import { report } from '../doctor/report.ts';
import { readSshConfig } from '../doctor/ssh-config.ts';
import { listAgent } from '../doctor/sudo/agent-facts.ts';
import type { Asker } from '../doctor/sudo/asker.ts';
import { checkSudo } from '../doctor/sudo/checks.ts';
import { examineSudo } from '../doctor/sudo/examine.ts';
import { checkGranted } from '../doctor/sudo/granted.ts';
import { assumeHost, defaultPrincipals } from '../doctor/sudo/host-facts.ts';
import { describeIdentity, linesOf } from '../doctor/sudo/identities.ts';
import type { KnownSudo } from '../doctor/sudo/known.ts';
import { knownSudo } from '../doctor/sudo/known.ts';
import { checkSession } from '../doctor/sudo/session.ts';
import { signerOf } from '../doctor/sudo/sign.ts';
import type { Surroundings } from '../surroundings.ts';
import { writeData } from '../terminal.ts';

interface DoctorSudoOptions {
  readonly login?: string;
  readonly principal?: readonly string[];
  readonly caFile?: string;
  readonly authority?: string;
  readonly json?: boolean;
}

export function doctorSudoCommand(surroundings: Surroundings): Command {
  return new Command('sudo')
    .description('say whether pam-ussh on a host would take what your agent holds, and if not why')
    .argument('<host>', 'the host, as the roster names it')
    .option('--login <name>', 'your Unix account there (default: those that you may ask for)')
    .option(
      '--principal <name...>',
      'what the host takes for sudo (default: sudoer and sudoer@HOST, as "usher export pam" has it)',
    )
    .option('--ca-file <file>', 'a copy of the CA keys of the host (default: those of the authority)')
    .option('--json', 'print certificates and checks as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((host: string, options: DoctorSudoOptions) => doctorSudo(surroundings, host, options));
}

async function doctorSudo(
  surroundings: Surroundings,
  host: string,
  options: DoctorSudoOptions,
): Promise<void> {
  const known = await knownSudo(surroundings, { host, ...options });
  const { socket } = known.agent;
  const agent = await listAgent(socket);
  const principals = options.principal ?? defaultPrincipals(known.sudoName);
  const answer = await examineSudo({
    host: assumeHost(principals, known.caFile),
    logins: options.login === undefined ? known.logins : [options.login],
    agent,
    now: surroundings.now(),
    sign: signerOf(surroundings, socket ?? '', agent),
  });
  const { identities, outcome } = answer.judgement;
  const asker = askerOf(known, host, options);
  if (options.json !== true)
    for (const line of identities.flatMap((identity) => linesOf(identity, asker)))
      writeData(surroundings, line);
  const checks = [
    ...known.checks,
    // Who has a certificate for it may have it, through a group perhaps.
    ...(outcome === 'success' ? [] : checkGranted(known.access, host)),
    ...checkSudo({ host, answer, now: surroundings.now(), asker }),
    ...(await sessionChecks(surroundings, host, known, agent)),
  ];
  const certificates = identities.flatMap((identity) => describeIdentity(identity, asker) ?? []);
  const more = { host, login: answer.login, principals, outcome, certificates };
  report(surroundings, checks, { json: options.json, ...more });
}

/** Who named account or authority to the doctor names them to `usher sudo`, too. */
function askerOf(
  { agent, loginCaKeys }: KnownSudo,
  host: string,
  { login, authority }: DoctorSudoOptions,
): Asker {
  const named = [
    ...(login === undefined ? [] : ['--login', login]),
    ...(authority === undefined ? [] : ['--authority', authority]),
  ];
  return { command: ['usher sudo', host, ...named].join(' '), hasOwnAgent: agent.own, loginCaKeys };
}

async function sessionChecks(surroundings: Surroundings, host: string, known: KnownSudo, agent: AgentFact) {
  const { owner, loginCaKeys } = known;
  const now = surroundings.now();
  const identities = agent.kind === 'identities' ? agent.identities : [];
  return checkSession({
    host,
    config: await readSshConfig(surroundings, host),
    socket: known.agent.socket,
    env: surroundings.env,
    logins: owner === undefined ? [] : usableEntries(ownEntries(identities, owner), loginCaKeys, now),
    now,
  });
}
