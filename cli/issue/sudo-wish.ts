/** What is asked for with sudo: as whom, where, why. What the agent holds is asked for again with it, since there is only one. */
import { isReason } from '../../src/ssh/reason.ts';
import type { Entry } from '../agent/entries.ts';
import type { Settings } from '../authority/settings.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { askLine } from '../terminal.ts';
import { unique } from './ask.ts';
import type { SudoAsked, SudoGiven } from './asked.ts';
import { readSudoPrincipals } from './asked.ts';
import type { Subject } from './subject.ts';
import { HOST, sudoHostsInWords, sudoName } from './sudo-names.ts';

export interface SudoWish {
  readonly login: string | undefined;
  /** As the person typed them; '*' alone: everywhere. */
  readonly hosts: readonly string[];
  /** Seconds. */
  readonly lifetime: number | undefined;
  readonly reason: string;
}

interface SudoToAsk {
  readonly asked: SudoAsked;
  /** What of the agent goes, and what of it is carried over, in words. */
  readonly inPlaceOf: string | undefined;
}

/** The certificate for sudo in the agent, if there is one, and whether its hosts are wanted still. */
interface Live {
  readonly entry: Entry | undefined;
  readonly isWanted: boolean;
}

export function askedForSudo(settings: Settings, subject: Subject, wish: SudoWish, live: Live): SudoToAsk {
  const { origin, rpId, person } = settings;
  const login = wish.login ?? usualLogin(settings);
  const wished = unique(wish.hosts.map((host) => sudoName(settings, host)));
  const had = readSudoPrincipals(live.entry?.certificate.fields.principals ?? []);
  // A certificate is for one account: what another one had is not carried over.
  const kept = live.isWanted && had?.login === login ? had.hosts.filter((host) => host !== '*') : [];
  // Everywhere is only ever asked for by who says so at that moment.
  const hosts = wished.includes('*') ? ['*'] : unique([...kept, ...wished]);
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
  return { asked, inPlaceOf: had === undefined ? undefined : replaced(settings, asked, { had, wished }) };
}

function replaced(
  { access }: Settings,
  { login, hosts }: SudoAsked,
  { had, wished }: { readonly had: SudoGiven; readonly wished: readonly string[] },
): string {
  const one = 'the one in the agent';
  if (had.login !== login)
    return `${one}, which is for ${had.login} on ${sudoHostsInWords(had.hosts, access)}`;
  if (hosts.includes('*')) return one;
  if (had.hosts.includes('*'))
    return `${one}, which is good on every host; that is kept with --everywhere only`;
  const lost = had.hosts.filter((host) => !hosts.includes(host));
  if (lost.length > 0) return `${one}, without its ${sudoHostsInWords(lost, access)}`;
  const kept = hosts.filter((host) => !wished.includes(host));
  if (kept.length === 0) return one;
  const them = kept.length === 1 ? 'it' : 'them';
  return `${one}; keeps its ${sudoHostsInWords(kept, access)}, and --only leaves ${them} away`;
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
