/** /etc/pam.d: whether a certificate is enough for sudo, nothing at all is not, and a person who is denied stays out. */
import type { Check } from '../check.ts';
import { failure, ok, warning } from '../check.ts';
import type { HostFiles } from './files.ts';
import type { PamAnswer } from './pam-run.ts';
import { runAuth } from './pam-run.ts';
import type { PamModule, PamStack } from './pam-stack.ts';
import { isModule, modulesOf, pamServices, readAuthStack } from './pam-stack.ts';

/** The names of the services that sudo asks PAM for. */
interface SudoServices {
  readonly sudo: string;
  /** Of `sudo -i`, which has its own on Debian. */
  readonly login: string;
}

const USUAL_SERVICES: SudoServices = { sudo: 'sudo', login: 'sudo-i' };

/** Modules that ask nobody anything, and let nobody in by themselves. */
const QUIET = [
  ...[
    'pam_env',
    'pam_faildelay',
    'pam_faillock',
    'pam_cap',
    'pam_group',
    'pam_umask',
    'pam_limits',
    'pam_echo',
  ],
  ...[
    'pam_warn',
    'pam_nologin',
    'pam_shells',
    'pam_securetty',
    'pam_time',
    'pam_access',
    'pam_exec',
    'pam_motd',
  ],
  ...['pam_succeed_if', 'pam_usertype', 'pam_localuser', 'pam_lastlog', 'pam_tally2', 'pam_listfile'],
];

interface SudoLines {
  readonly checks: readonly Check[];
  /** The lines with pam_ussh.so of sudo's services. */
  readonly modules: readonly PamModule[];
  /** The lists of who is denied. */
  readonly deniedFiles: readonly string[];
}

interface ServiceStack {
  readonly service: string;
  readonly stack: PamStack;
}

export function checkPam(files: HostFiles, { sudo, login } = USUAL_SERVICES): SudoLines {
  const services = [...new Set([sudo, login])];
  const stacks = services.flatMap((service): readonly ServiceStack[] => {
    const stack = readAuthStack(files, service);
    return stack === undefined ? [] : [{ service, stack }];
  });
  const others = pamServices(files).filter((service) => !services.includes(service));
  const elsewhere = others.flatMap((service) => checkOther(files, service));
  const none = stacks.some(({ service }) => service === sudo) ? [] : [noService(sudo)];
  const checks = stacks.flatMap(({ service, stack }) => checkService(service, stack, service === sudo));
  const around = stacks.flatMap((each) => stacks.flatMap((other) => [...wayAround(each, other)]));
  return {
    checks: [...none, ...checks, ...around, ...elsewhere],
    modules: stacks.flatMap(({ stack }) => usshLines(stack)),
    deniedFiles: stacks.flatMap(({ stack }) => denyLists(stack).flatMap(fileOf)),
  };
}

function noService(sudo: string): Check {
  return failure('host.pam-line', `there is no /etc/pam.d/${sudo}`, 'is sudo installed on this host?');
}

function checkService(service: string, stack: PamStack, isSudo: boolean): readonly Check[] {
  if (stack.isCut) return stack.faults.map(cut);
  if (stack.faults.length > 0)
    return stack.faults.map((fault) =>
      failure('host.pam-line', fault, 'PAM refuses everybody while this stands: mend the line'),
    );
  if (usshLines(stack).length === 0) return [absent(service, isSudo)];
  const problems = [...gate(service, stack), ...certificateEnough(service, stack)];
  const usual = ok('host.pam-line', `${service}: a certificate is enough, and ${withoutCertificate(stack)}`);
  return [...(problems.length === 0 ? [usual] : problems), ...checkDenied(service, stack)];
}

function cut(fault: string): Check {
  return failure('host.pam-line', fault, 'look for one that includes itself, also by way of others');
}

function absent(service: string, isSudo: boolean): Check {
  const message = `${service}: no line with pam_ussh.so`;
  const hint = `put the lines of "usher export pam" first in /etc/pam.d/${service}`;
  return isSudo
    ? failure('host.pam-line', message, hint)
    : warning('host.pam-line', `${message}, so "sudo -i" takes no certificate`, hint);
}

/** What PAM makes of a stack. */
interface Answers {
  readonly certificate: PamAnswer;
  /** Of every module that wants a password, a touch or the like. */
  readonly question: PamAnswer;
  /** Which lists the person is on. */
  readonly denied?: (list: PamModule) => boolean;
}

const CERTIFICATE_ONLY: Answers = { certificate: 'success', question: 'auth_err' };
const NOTHING: Answers = { certificate: 'auth_err', question: 'auth_err' };
const PASSWORD_ONLY: Answers = { certificate: 'auth_err', question: 'success' };
const DENIED: Answers = { certificate: 'success', question: 'success', denied: () => true };

function simulate({ steps }: PamStack, { certificate, question, denied = () => false }: Answers) {
  return runAuth(steps, (module) => {
    if (isModule(module, 'pam_ussh')) return certificate;
    if (isDenyList(module)) return denied(module) ? 'auth_err' : 'success';
    if (isModule(module, 'pam_permit')) return 'success';
    if (isModule(module, 'pam_deny')) return 'auth_err';
    return QUIET.some((name) => isModule(module, name)) ? 'ignore' : question;
  });
}

function* gate(service: string, stack: PamStack): Generator<Check> {
  const { success, called } = simulate(stack, NOTHING);
  if (!success) return;
  const last = called.at(-1)?.place ?? '';
  const hint = 'end the lines of auth with "auth required pam_deny.so", or with the password';
  yield failure('host.pam-line', `${service}: who has no certificate and no password passes (${last})`, hint);
}

function* certificateEnough(service: string, stack: PamStack): Generator<Check> {
  const { success, called } = simulate(stack, CERTIFICATE_ONLY);
  const [line] = usshLines(stack);
  const place = line?.place ?? '';
  const reached = called.findIndex((module) => isModule(module, 'pam_ussh'));
  const others = called.filter(asks);
  if (reached === -1) {
    yield failure(
      'host.pam-line',
      `${service}: pam_ussh.so at ${place} is never reached`,
      'put its line before all others of auth',
    );
    return;
  }
  if (!success) {
    const message = `${service}: a good certificate is not enough: ${placesOf(others) || place} decides, too`;
    yield warning('host.pam-line', message, 'unless both are wanted, begin the line with "auth sufficient"');
  } else if (called.slice(0, reached).some(asks))
    yield warning(
      'host.pam-line',
      `${service}: ${placesOf(called.slice(0, reached).filter(asks))} asks before the certificate is looked at`,
      'put the line of pam_ussh.so before it',
    );
}

function withoutCertificate(stack: PamStack): string {
  return simulate(stack, PASSWORD_ONLY).success
    ? 'who has none is asked for the password'
    : 'who has none is refused';
}

function checkDenied(service: string, stack: PamStack): readonly Check[] {
  const [line] = denyLists(stack);
  const hint = 'put the lines of "usher export pam" first: they begin with the list of who is denied';
  if (line === undefined)
    return [
      warning(
        'host.sudo_denied',
        `${service}: sudo can not be taken from a person before a certificate ends`,
        hint,
      ),
    ];
  if (simulate(stack, DENIED).success)
    return [failure('host.sudo_denied', `${service}: who is on the list of ${line.place} passes`, hint)];
  const first = modulesOf(stack.steps)[0];
  if (first !== line)
    return [
      warning(
        'host.sudo_denied',
        `${service}: ${first?.place ?? ''} comes before the list of ${line.place}`,
        hint,
      ),
    ];
  if (line.arguments.includes('onerr=succeed'))
    return [
      failure('host.sudo_denied', `${line.place}: without its file nobody is denied`, 'write onerr=fail'),
    ];
  return [ok('host.sudo_denied', `${service}: the list of who is denied comes first`)];
}

/** Who calls sudo chooses the service: what one of them refuses, the other one must not let through. */
function* wayAround(wired: ServiceStack, other: ServiceStack): Generator<Check> {
  if (wired === other || [wired, other].some(({ stack }) => stack.faults.length > 0)) return;
  const hint = `put the lines of auth of /etc/pam.d/${wired.service} into /etc/pam.d/${other.service}, too`;
  const lists = denyLists(wired.stack);
  const files = lists.flatMap(fileOf);
  const denied = (list: PamModule) => fileOf(list).some((file) => files.includes(file));
  // Where it has the list too, that it decides is judged there.
  const hasList = usshLines(other.stack).length > 0 && denyLists(other.stack).some(denied);
  if (lists.length > 0 && !hasList && simulate(other.stack, { ...DENIED, denied }).success) {
    const places = lists.map(({ place }) => place).join(', ');
    yield failure('host.sudo_denied', `${other.service}: who is on the list of ${places} passes here`, hint);
  }
  const isForCertificates =
    usshLines(wired.stack).length > 0 && !simulate(wired.stack, PASSWORD_ONLY).success;
  if (isForCertificates && simulate(other.stack, PASSWORD_ONLY).success)
    yield failure(
      'host.pam-line',
      `${other.service}: a password is enough here, and ${wired.service} takes certificates alone`,
      hint,
    );
}

/** Only sudo calls PAM for the person whose agent it is (pam-ussh's issue 4). */
function checkOther(files: HostFiles, service: string): readonly Check[] {
  const stack = readAuthStack(files, service);
  if (stack?.isCut === true) return stack.faults.map(cut);
  const [line] = stack === undefined ? [] : usshLines(stack);
  if (line === undefined) return [];
  const hint = 'take it out there: pam_ussh.so is for sudo only';
  if (service === 'su' || service === 'su-l')
    return [
      failure(
        'host.pam-line',
        `${service}: pam_ussh.so at ${line.place} lets a person in with somebody else's agent`,
        hint,
      ),
    ];
  return [
    warning('host.pam-line', `${service}: pam_ussh.so at ${line.place} was only ever tried with sudo`, hint),
  ];
}

function usshLines({ steps }: PamStack): readonly PamModule[] {
  return modulesOf(steps).filter((module) => isModule(module, 'pam_ussh'));
}

function denyLists({ steps }: PamStack): readonly PamModule[] {
  return modulesOf(steps).filter(isDenyList);
}

function fileOf(module: PamModule): readonly string[] {
  return module.arguments
    .filter((each) => each.startsWith('file='))
    .map((each) => each.slice('file='.length));
}

function isDenyList(module: PamModule): boolean {
  return (
    isModule(module, 'pam_listfile') &&
    ['item=user', 'sense=deny'].every((argument) => module.arguments.includes(argument))
  );
}

function asks(module: PamModule): boolean {
  const known = ['pam_ussh', 'pam_permit', 'pam_deny', ...QUIET];
  return !isDenyList(module) && !known.some((name) => isModule(module, name));
}

function placesOf(modules: readonly PamModule[]): string {
  return modules.map(({ path, place }) => `${path} (${place})`).join(', ');
}
