/** sudoers: whether the person may do anything, and what undoes what the certificate is for. Pure. */
import type { Check } from '../check.ts';
import { failure, ok, warning } from '../check.ts';
import type { HostUser } from './files.ts';
import type { DefaultValue, SudoDefault, SudoersFacts } from './sudoers-facts.ts';

const ID = 'host.sudoers';
/** Each asks for the password of another account, and makes PAM_USER that account. */
const OTHERS_PASSWORD = ['targetpw', 'rootpw', 'runaspw'];

export function judgeSudoers(facts: SudoersFacts, user: HostUser | undefined): readonly Check[] {
  const { defaults } = facts;
  const problems = [
    ...checkPassword(defaults),
    ...checkTimestamp(defaults),
    ...checkEnvironment(defaults),
    ...checkNoninteractive(defaults),
    ...checkFree(facts),
    ...checkRule(facts, user),
  ];
  if (problems.some(({ verdict }) => verdict === 'fail') || (user !== undefined && problems.length > 0))
    return problems;
  const whose =
    user === undefined ? 'for everybody; --user NAME looks for the rules of a person' : `for ${user.name}`;
  return [...problems, ok(ID, `sudoers leaves the decision to PAM ${whose}`)];
}

/** The services that sudo asks PAM for; sudoers can name others than the usual ones. */
export function servicesOf(defaults: readonly SudoDefault[]): {
  readonly sudo: string;
  readonly login: string;
} {
  const named = (name: string, usual: string) => {
    const value = certainValue(defaults, name);
    return typeof value === 'string' ? value : usual;
  };
  return { sudo: named('pam_service', 'sudo'), login: named('pam_login_service', 'sudo-i') };
}

function* checkPassword(defaults: readonly SudoDefault[]): Generator<Check> {
  for (const name of OTHERS_PASSWORD.filter((each) =>
    isPossible(defaults, each, (value) => value === true),
  )) {
    const message = `Defaults ${name}: PAM is asked about another account, so no certificate of the person fits`;
    yield failure(ID, message, `take ${name} out: with it, a person could use the agent of somebody else`);
  }
}

function* checkTimestamp(defaults: readonly SudoDefault[]): Generator<Check> {
  if (isCertain(defaults, 'timestamp_timeout', (value) => typeof value === 'string' && Number(value) === 0))
    return;
  const value = certainValue(defaults, 'timestamp_timeout');
  const howLong =
    typeof value === 'string' && Number(value) < 0
      ? 'until the next start'
      : `for ${typeof value === 'string' ? value : 'some'} minutes`;
  const message = `sudo remembers ${howLong} that it asked: without certificate, and without touch, it works on`;
  yield warning(ID, message, 'write "Defaults timestamp_timeout=0" (usher export sudoers)');
}

/** pam-ussh reads the environment that sudo was called with: it needs none of this. */
function* checkEnvironment(defaults: readonly SudoDefault[]): Generator<Check> {
  const hint = 'take it out: pam-ussh does not need it';
  const keeps = (value: DefaultValue) => wordsOf(value).some(keepsAgent);
  if (['env_keep', 'env_check'].some((name) => isPossible(defaults, name, keeps)))
    yield warning(
      ID,
      'env_keep hands SSH_AUTH_SOCK to the command: whatever runs as root can use the agent',
      hint,
    );
  if (isPossible(defaults, 'env_reset', (value) => value === false))
    yield warning(ID, 'Defaults !env_reset hands the whole environment to the command, the agent too', hint);
}

function* checkNoninteractive(defaults: readonly SudoDefault[]): Generator<Check> {
  if (isCertain(defaults, 'noninteractive_auth', (value) => value === true)) return;
  const hint = 'if programs such as Ansible need it: "Defaults noninteractive_auth" (sudo 1.9.10 or newer)';
  yield warning(ID, '"sudo -n" is refused before pam-ussh is asked', hint);
}

function* checkFree({ defaults, isFree }: SudoersFacts): Generator<Check> {
  const hint = 'take it out, if a certificate is to be needed';
  if (isFree) yield warning(ID, 'a rule says NOPASSWD: for it no certificate is asked for', hint);
  if (isPossible(defaults, 'authenticate', (value) => value === false))
    yield warning(ID, 'Defaults !authenticate: no certificate is asked for', hint);
}

function* checkRule({ hasRule }: SudoersFacts, user: HostUser | undefined): Generator<Check> {
  if (hasRule !== false || user === undefined) return;
  const message = `no rule lets ${user.name} run anything: sudo refuses after pam-ussh has accepted`;
  yield warning(ID, message, `a line such as "${user.name} ALL=(ALL:ALL) ALL", or the group that has one`);
}

/** The last line wins; those for a user are read after those for all. */
function certainValue(defaults: readonly SudoDefault[], name: string): DefaultValue | undefined {
  const named = defaults.filter((setting) => setting.name === name);
  const last = (holds: SudoDefault['holds']) => named.findLast((setting) => setting.holds === holds)?.value;
  return last('for-user') ?? last('always');
}

type IsSo = (value: DefaultValue) => boolean;

/** Whether it is so for the person, whatever the command. */
function isCertain(defaults: readonly SudoDefault[], name: string, isSo: IsSo): boolean {
  const value = certainValue(defaults, name);
  const exceptions = defaults.filter((setting) => setting.name === name && setting.holds === 'perhaps');
  return value !== undefined && isSo(value) && exceptions.every((setting) => isSo(setting.value));
}

/** Whether it may be so for the person. Lists grow from line to line. */
function isPossible(defaults: readonly SudoDefault[], name: string, isSo: IsSo): boolean {
  const named = defaults.filter((setting) => setting.name === name);
  const value = certainValue(defaults, name);
  const candidates = named.filter((setting) => setting.holds === 'perhaps' || Array.isArray(setting.value));
  return (value !== undefined && isSo(value)) || candidates.some((setting) => isSo(setting.value));
}

function wordsOf(value: DefaultValue): readonly string[] {
  if (typeof value === 'string') return value.split(/\s+/);
  return typeof value === 'boolean' ? [] : value;
}

/** Names may end in a star, and have a value behind them. */
function keepsAgent(pattern: string): boolean {
  const [name = ''] = pattern.split('=');
  return name.endsWith('*') ? 'SSH_AUTH_SOCK'.startsWith(name.slice(0, -1)) : name === 'SSH_AUTH_SOCK';
}
