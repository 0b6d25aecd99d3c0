/** `usher login`: one touch, one certificate, in the agent. */
import { Command } from 'commander';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { encodeCertificate } from '../../src/ssh/certificate.ts';
import { formatCertificateLine } from '../../src/ssh/certificate-line.ts';
import { parseDuration } from '../../src/ssh/duration.ts';
import { keyIdentity } from '../../src/ssh/key-identity.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { chooseAgent, keepChoice, readyAgent } from '../agent-choice.ts';
import { askedFor } from '../ask.ts';
import { writeAtomically } from '../atomic-file.ts';
import type { Certified } from '../certify.ts';
import { certify } from '../certify.ts';
import { deliverToAgent } from '../deliver.ts';
import type { Enrolled } from '../enrolled.ts';
import { openEnrolled } from '../enrolled.ts';
import { entryComment } from '../entries.ts';
import { UsherCommandError } from '../error.ts';
import { refreshAccess } from '../refresh-access.ts';
import { formatTime } from '../review.ts';
import type { Subject } from '../subject.ts';
import { fileSubject, freshSubject, loadSecurityKey } from '../subject.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeData, writeJson } from '../terminal.ts';
import type { ChosenWay, WayOptions } from '../touch/choose.ts';
import { chooseWay, providerOf, touchKeyFile } from '../touch/choose.ts';
import { addTouchOptions } from '../touch-options.ts';

interface LoginOptions extends WayOptions {
  readonly authority?: string;
  readonly login?: readonly string[];
  readonly host?: readonly string[];
  readonly for?: string;
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
  const way = await chooseWay(surroundings, options, enrolled.settings);
  const lifetime = lifetimeOf(options.for);
  const subject = await chooseSubject(enrolled, options, way);
  const wish = { logins: options.login, hosts: options.host, lifetime };
  const asked = askedFor(enrolled.settings, subject, wish);
  const certified = await certify(enrolled, { asked, subject, way, open: options.open !== false });
  await deliver(enrolled, subject, certified.certificate, options);
  report(enrolled, subject, certified, options);
  if (subject.file === undefined && options.confirm !== true)
    await learnAccess(enrolled, certified.certificate);
}

function lifetimeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  throw new UsherCommandError('usage', `"${text}" is no duration`, { hint: 'write 8h, 90m or 1d' });
}

/** What could fail for reasons on this machine fails here, before anybody is asked to touch. */
async function chooseSubject(enrolled: Enrolled, options: LoginOptions, way: ChosenWay): Promise<Subject> {
  const { surroundings, settings } = enrolled;
  if (options.key === undefined) {
    await readyAgent(enrolled, options);
    return freshSubject(surroundings.randomBytes);
  }
  if (options.confirm === true || options.ownAgent !== undefined)
    throw new UsherCommandError(
      'usage',
      '--confirm and --own-agent are about the agent, --key does not use it',
    );
  const subject = await fileSubject(surroundings, options.key, providerOf(surroundings, options));
  if (way.kind === 'here' && way.way.name === 'ssh-key')
    await refuseSecondRole(subject, touchKeyFile(surroundings, options, settings));
  return subject;
}

/** Whoever reaches an agent with this key could have it sign anything: a key that touches does nothing else. */
async function refuseSecondRole(subject: Subject, touchKey: string): Promise<void> {
  const { publicKey } = await loadSecurityKey(touchKey);
  // Under another application it is still the same key.
  if (keyIdentity(publicKey) === keyIdentity(subject.publicKey))
    throw new UsherCommandError('key-file', 'this is the key that you touch with: a key has one role', {
      hint: 'certify another key, or leave --key away for a fresh one in the agent',
    });
}

async function deliver(
  enrolled: Enrolled,
  subject: Subject,
  certificate: Certificate,
  options: LoginOptions,
): Promise<void> {
  const { settings, name } = enrolled;
  const owner = { purpose: 'login', person: settings.person, authority: name } as const;
  if (subject.file !== undefined)
    return writeAtomically(
      `${subject.file}-cert.pub`,
      `${formatCertificateLine(certificate, entryComment(owner))}\n`,
      0o644,
    );
  if (subject.privateKey === undefined) throw new TypeError('a key is in memory or in a file');
  const entry = { owner, key: subject.privateKey, certificate, confirm: options.confirm === true };
  await deliverToAgent(enrolled, entry);
  await keepChoice(enrolled);
}

function report(
  { surroundings, settings, name }: Enrolled,
  subject: Subject,
  { certificate, leafIndex }: Certified,
  options: LoginOptions,
): void {
  const { fields } = certificate;
  const { person } = settings;
  const comment = entryComment({ purpose: 'login', person, authority: name });
  const place = subject.file === undefined ? 'in the agent' : `in ${subject.file}-cert.pub`;
  say(
    surroundings,
    `certificate ${fields.serial} is ${place}, valid until ${formatTime(fields.validBefore)}`,
  );
  if (options.json !== true) {
    if (subject.file !== undefined) writeData(surroundings, `${subject.file}-cert.pub`);
    return;
  }
  writeJson(surroundings, {
    authority: settings.origin,
    person,
    certificate: formatCertificateLine(certificate, comment),
    serial: fields.serial,
    keyId: fields.keyId,
    key: fingerprint(fields.subject),
    principals: fields.principals,
    validAfter: Number(fields.validAfter),
    validBefore: Number(fields.validBefore),
    leafIndex,
    file: subject.file === undefined ? null : `${subject.file}-cert.pub`,
  });
}
/** So that the next login asks for what was granted meanwhile. This one is done: whatever fails here is not its failure. */
async function learnAccess(enrolled: Enrolled, certificate: Certificate): Promise<void> {
  try {
    await refreshAccess(enrolled, { blob: encodeCertificate(certificate), certificate });
  } catch (error) {
    if (!(error instanceof UsherCommandError)) throw error;
  }
}
