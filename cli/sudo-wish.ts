/** What is asked for with sudo: as whom, where, why. What the agent holds is asked for again with it, since there is only one. */
import { isReason } from '../src/ssh/reason.ts';
import { unique } from './ask.ts';
import type { SudoAsked } from './asked.ts';
import { readSudoPrincipals } from './asked.ts';
import type { Entry } from './entries.ts';
import { UsherCommandError } from './error.ts';
import type { Settings } from './settings.ts';
import type { Subject } from './subject.ts';
import { HOST, sudoName } from './sudo-names.ts';
import type { Surroundings } from './surroundings.ts';
import { askLine } from './terminal.ts';

export interface SudoWish {
  readonly login: string | undefined;
  /** As the person typed them; '*' alone: everywhere. */
  readonly hosts: readonly string[];
  /** Seconds. */
  readonly lifetime: number | undefined;
  readonly reason: string;
}

export interface SudoToAsk {
  readonly asked: SudoAsked;
  /** Hosts that are asked for because the certificate in the agent has them. */
  readonly kept: readonly string[];
  /** Whether that one is good everywhere, and this one is not asked to be. */
  readonly losesEveryHost: boolean;
}

/** @param live the certificate for sudo whose hosts are wanted still */
export function askedForSudo(
  settings: Settings,
  subject: Subject,
  wish: SudoWish,
  live: Entry | undefined,
): SudoToAsk {
  const { origin, rpId, person } = settings;
  const login = wish.login ?? usualLogin(settings);
  const wished = unique(wish.hosts.map((host) => sudoName(settings, host)));
  const had = liveHosts(live, login);
  const isEverywhere = wished.includes('*');
  // Everywhere is only ever asked for by who says so at that moment.
  const hosts = isEverywhere ? ['*'] : unique([...had.filter((host) => host !== '*'), ...wished]);
  const asked: SudoAsked = {
    purpose: 'sudo',
    origin,
    rpId,
    person,
    key: subject.publicKey,
    login,
    hosts,
    lifetime: wish.lifetime,
    reason: wish.reason,
  };
  const kept = hosts.filter((host) => !wished.includes(host));
  return { asked, kept, losesEveryHost: had.includes('*') && !isEverywhere };
}

/** @throws UsherCommandError `usage` */
export function hostsToAsk(
  hosts: readonly string[],
  everywhere: boolean | undefined,
  settings: Settings,
): readonly string[] {
  if (everywhere === true && hosts.length > 0)
    throw new UsherCommandError('usage', '--everywhere is every host: name none beside it');
  if (everywhere === true) return ['*'];
  if (hosts.includes('*'))
    throw new UsherCommandError('usage', '"*" is no host', {
      hint: 'sudo on every host at once is: usher sudo --everywhere',
    });
  for (const host of hosts)
    if (!HOST.test(host))
      throw new UsherCommandError('usage', `"${host}" is no name of a host`, { hint: hostHint(host) });
  if (hosts.length > 0) return hosts;
  const known = settings.access?.sudo?.hosts.join(', ') ?? '';
  throw new UsherCommandError('usage', 'sudo on which hosts?', {
    hint: known === '' ? 'name them: usher sudo web1 web2' : `you may ask for ${known}`,
  });
}

function hostHint(host: string): string {
  if (host.includes(',')) return 'usher sudo takes blanks between them: usher sudo web1 web2';
  if (/\s/.test(host)) return 'usher login --sudo takes commas between them: --sudo web1,web2';
  return 'as the roster names it: small letters, digits, "." and "-"';
}

/** Who must say why is asked at the terminal. @throws UsherCommandError `usage` */
export async function reasonToGive(
  surroundings: Surroundings,
  settings: Settings,
  given: string | undefined,
): Promise<string> {
  const isRequired = settings.access?.sudo?.reasonRequired === true;
  const reason = (given ?? (isRequired ? await askReason(surroundings) : '')).trim();
  if (reason === '' && isRequired)
    throw new UsherCommandError('usage', 'your role wants a reason for sudo', {
      hint: 'say why: --reason "disk of web1 is full"',
    });
  if (isReason(reason)) return reason;
  throw new UsherCommandError('usage', 'a reason is at most 200 letters, digits and signs of ASCII');
}

async function askReason(surroundings: Surroundings): Promise<string> {
  return surroundings.stdin.isTTY === true ? askLine(surroundings, 'why') : '';
}

/** The one account, or that of the person's own name. */
function usualLogin({ person, access }: Settings): string {
  const logins = access?.logins ?? [person];
  const [first, ...more] = logins;
  if (first !== undefined && more.length === 0) return first;
  if (logins.includes(person)) return person;
  throw new UsherCommandError('usage', 'sudo as which account?', {
    hint: logins.length === 0 ? 'name it: --login NAME' : `you have ${logins.join(', ')}: --login NAME`,
  });
}

/** A certificate is for one account: what another one had is not carried over. */
function liveHosts(live: Entry | undefined, login: string): readonly string[] {
  const read = readSudoPrincipals(live?.certificate.fields.principals ?? []);
  return read?.login === login ? read.hosts : [];
}
