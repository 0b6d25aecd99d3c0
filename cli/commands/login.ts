/** `usher login`: one touch, one certificate, in the agent; with `--sudo` a second one by the same touch. */
import { Command } from 'commander';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { encodeCertificate } from '../../src/ssh/certificate.ts';
import { formatCertificateLine } from '../../src/ssh/certificate-line.ts';
import { chooseAgent, keepChoice, readyAgent } from '../agent/agent-choice.ts';
import { deliverToAgent } from '../agent/deliver.ts';
import type { Entry } from '../agent/entries.ts';
import { entryComment } from '../agent/entries.ts';
import { entryOwner } from '../agent/own-entries.ts';
import { writeAtomically } from '../atomic-file.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { refreshKnownHosts } from '../authority/known-hosts-files.ts';
import { refreshAccess } from '../authority/refresh-access.ts';
import { UsherCommandError } from '../error.ts';
import type { Wanted } from '../issue/ask.ts';
import { askedForLogin } from '../issue/ask.ts';
import type { Certified, HowToAgree } from '../issue/certify.ts';
import { certify } from '../issue/certify.ts';
import { refuseSecondRole } from '../issue/key-roles.ts';
import { lifetimeOf } from '../issue/lifetime.ts';
import { issueBoth } from '../issue/login-and-sudo.ts';
import { describeCertified, sayWhere } from '../issue/report.ts';
import type { Subject } from '../issue/subject.ts';
import { fileSubject, freshSubject } from '../issue/subject.ts';
import type { SudoWish } from '../issue/sudo-wish.ts';
import { hostsToAsk, reasonToGive } from '../issue/sudo-wish.ts';
import type { Surroundings } from '../surroundings.ts';
import { warn, writeData, writeJson } from '../terminal.ts';
import type { ChosenWay, WayOptions } from '../touch/choose.ts';
import { chooseWay, providerOf } from '../touch/choose.ts';
import { addTouchOptions } from '../touch-options.ts';

interface LoginOptions extends WayOptions {
  readonly authority?: string;
  readonly login?: readonly string[];
  readonly host?: readonly string[];
  readonly for?: string;
  readonly sudo?: string;
  readonly reason?: string;
  readonly key?: string;
  readonly confirm?: boolean;
  readonly ownAgent?: boolean;
  readonly json?: boolean;
  readonly open?: boolean;
}

export function loginCommand(surroundings: Surroundings): Command {
  const command = new Command('login')
    .description('get a certificate by a touch, and put it with its key into the ssh-agent')
    .option('--login <name...>', 'Unix accounts to log in as (default: all that you may)')
    .option('--host <name...>', 'hosts and groups to log in to (default: all that you may)')
    .option('--for <duration>', 'lifetime, such as 8h or 90m (default: as your role says)')
    .option('--sudo <hosts>', 'by the same touch a certificate for sudo, too, on hosts such as web1,web2')
    .option('--reason <text>', 'with --sudo: why')
    .option(
      '--key <file>',
      'certify this existing private key and write FILE-cert.pub; the agent is left alone',
    )
    .option('--confirm', 'make the agent ask you at each use of the key')
    .option(
      '--own-agent',
      "from now on keep usher's keys in an agent of their own, which is started for them",
    )
    .option('--no-own-agent', 'from now on keep them in the agent of your session ($SSH_AUTH_SOCK)')
    .option('--no-open', 'do not open a browser: print the address and the code')
    .option('--json', 'print the certificate and what it says as JSON');
  return addTouchOptions(command).action((options: LoginOptions) => login(surroundings, options));
}

export async function login(surroundings: Surroundings, options: LoginOptions): Promise<void> {
  const enrolled = chooseAgent(await openEnrolled(surroundings, options.authority), options.ownAgent);
  refuseContradictions(options);
  const way = await chooseWay(surroundings, options, enrolled.settings);
  const wanted = await wantLogin(enrolled, options, way);
  const how: HowToAgree = { kind: 'touch', way, open: options.open !== false };
  if (options.sudo !== undefined) return loginWithSudo(enrolled, wanted, how, options);
  const [certified] = await certify(enrolled, [wanted], how);
  if (certified === undefined) throw new TypeError('one certificate was asked for');
  await deliver(enrolled, wanted.subject, certified.certificate, options);
  report(enrolled, wanted.subject, certified, options);
  await learn(enrolled, certified.certificate, options);
}

/** What is got is kept, whatever becomes of the other one. */
async function loginWithSudo(
  enrolled: Enrolled,
  wanted: Wanted,
  how: HowToAgree,
  options: LoginOptions,
): Promise<void> {
  const wish = await sudoWish(enrolled, options);
  let printed: Readonly<Record<string, unknown>> | undefined;
  try {
    await issueBoth(enrolled, { login: wanted, wish, how, options }, async (purpose, certified) => {
      const view = describeCertified(enrolled, purpose, certified, null);
      printed = purpose === 'login' ? { ...view, sudo: null } : { ...printed, sudo: view };
      if (purpose === 'sudo') return;
      await deliver(enrolled, wanted.subject, certified.certificate, options);
      await learn(enrolled, certified.certificate, options);
    });
  } finally {
    if (options.json === true && printed !== undefined) writeJson(enrolled.surroundings, printed);
  }
}

async function sudoWish({ surroundings, settings }: Enrolled, options: LoginOptions): Promise<SudoWish> {
  const names = options.sudo?.split(',').filter((name) => name !== '') ?? [];
  const hosts = hostsToAsk(names, false, settings);
  const reason = await reasonToGive(surroundings, settings, options.reason);
  const login = options.login?.length === 1 ? options.login[0] : undefined;
  return { login, hosts, lifetime: undefined, reason };
}

function refuseContradictions({ key, confirm, ownAgent, sudo, reason }: LoginOptions): void {
  if (key !== undefined && (confirm === true || ownAgent !== undefined || sudo !== undefined))
    throw new UsherCommandError(
      'usage',
      '--confirm, --own-agent and --sudo are about the agent, --key does not use it',
    );
  if (reason !== undefined && sudo === undefined)
    throw new UsherCommandError('usage', '--reason says why you want sudo: it goes with --sudo');
}

/** What could fail for reasons on this machine fails here, before anybody is asked to touch. */
async function wantLogin(enrolled: Enrolled, options: LoginOptions, way: ChosenWay): Promise<Wanted> {
  const lifetime = lifetimeOf(options.for);
  const subject = await chooseSubject(enrolled, options, way);
  const wish = { logins: options.login, hosts: options.host, lifetime };
  return { asked: askedForLogin(enrolled.settings, subject, wish), subject };
}

async function chooseSubject(enrolled: Enrolled, options: LoginOptions, way: ChosenWay): Promise<Subject> {
  const { surroundings } = enrolled;
  if (options.key === undefined) {
    await readyAgent(enrolled, options);
    return freshSubject(surroundings.randomBytes);
  }
  const subject = await fileSubject(surroundings, options.key, providerOf(surroundings, options));
  await refuseSecondRole(enrolled, subject, options, way);
  return subject;
}

async function deliver(
  enrolled: Enrolled,
  { file, agentKey }: Subject,
  certificate: Certificate,
  { confirm }: LoginOptions,
): Promise<void> {
  const owner = entryOwner(enrolled, 'login');
  if (file === undefined) {
    // Only a key in a file can be a security key: it would be asked for at each login.
    await deliverToAgent(enrolled, { owner, key: agentKey, certificate, confirm: confirm === true });
    await keepChoice(enrolled);
    return sayWhere(enrolled, certificate, 'in the agent');
  }
  const line = formatCertificateLine(certificate, entryComment(owner));
  await writeAtomically(`${file}-cert.pub`, `${line}\n`, 0o644);
  sayWhere(enrolled, certificate, `in ${file}-cert.pub`);
}

function report(enrolled: Enrolled, { file }: Subject, certified: Certified, { json }: LoginOptions): void {
  const written = file === undefined ? null : `${file}-cert.pub`;
  if (json === true)
    writeJson(enrolled.surroundings, describeCertified(enrolled, 'login', certified, written));
  else if (written !== null) writeData(enrolled.surroundings, written);
}

/**
 * What was granted meanwhile, and which hosts there are. This login is done: whatever fails here is not its failure. A key that the
 * agent asks about is not used for it, nor one that is not in the agent.
 */
async function learn(
  enrolled: Enrolled,
  certificate: Certificate,
  { key, confirm }: LoginOptions,
): Promise<void> {
  if (key !== undefined || confirm === true) return;
  const entry = { blob: encodeCertificate(certificate), certificate };
  await Promise.all([learnAccess(enrolled, entry), learnKnownHosts(enrolled, entry)]);
}

/** So that the next login asks for what was granted meanwhile. */
async function learnAccess(enrolled: Enrolled, entry: Pick<Entry, 'blob' | 'certificate'>): Promise<void> {
  try {
    await refreshAccess(enrolled, entry);
  } catch (error) {
    if (!(error instanceof UsherCommandError)) throw error;
  }
}

/** With an old list ssh refuses a host whose CA key is new, and takes one whose CA key was stolen: that is said. */
async function learnKnownHosts(
  enrolled: Enrolled,
  entry: Pick<Entry, 'blob' | 'certificate'>,
): Promise<void> {
  try {
    await refreshKnownHosts(enrolled, entry);
  } catch (error) {
    if (!(error instanceof UsherCommandError)) throw error;
    warn(enrolled.surroundings, `what ssh knows of hosts stays as it was: ${error.message}`);
  }
}
