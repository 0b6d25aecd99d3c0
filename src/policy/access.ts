import { MAX_PRINCIPALS } from '../ssh/certificate-fields.ts';
import type { SudoAccess } from './access-sudo.ts';
import { sudoAccessOf } from './access-sudo.ts';
import { mayApproveAnything } from './approve.ts';
import { mayInspect } from './decide-act.ts';
import type { LoginRole } from './granting.ts';
import { grantingRole, loginRolesOf } from './granting.ts';
import type { LoginMandates } from './login-mandates.ts';
import { LOGIN_RULES } from './login-mandates.ts';
import type { Person, Roster } from './roster.ts';
import { LOGIN_LIFETIME } from './roster.ts';
import { strictest } from './strictest.ts';

/** What a person may ask for in one request to sign in, and for sudo; the command asks for it by default. */
export interface Access {
  readonly logins: readonly string[];
  /** Names of hosts and groups, or exactly `['*']`; none for somebody who may not sign in. */
  readonly hosts: readonly string[];
  /** Seconds, of certificates to sign in with. */
  readonly defaultLifetime: number;
  readonly maxLifetime: number;
  readonly sudo?: SudoAccess;
}

/**
 * The most that `decide` grants the person in one certificate of each purpose; nothing for whoever has no use for a touch. A role that excludes an earlier one, and
 * what goes beyond the number of principals, is left out: that takes requests of its own.
 * @param now Unix seconds
 */
export function accessOf(roster: Roster, personName: string, now: number): Access | undefined {
  const person = roster.people.get(personName);
  if (person === undefined) return undefined;
  const left = (person.until ?? Number.POSITIVE_INFINITY) - now;
  if (left < LOGIN_LIFETIME.least) return undefined;
  const [login, sudo] = [reachOf(roster, person), sudoAccessOf(roster, person, now, left)];
  if (login === undefined && sudo === undefined && !touchesForOthers(roster, personName, now))
    return undefined;
  return {
    logins: person.logins,
    hosts: login?.hosts ?? [],
    defaultLifetime: Math.min(login?.mandates.lifetime ?? LOGIN_LIFETIME.usual, left),
    maxLifetime: Math.min(login?.mandates.maxLifetime ?? LOGIN_LIFETIME.most, left),
    ...(sudo === undefined ? {} : { sudo }),
  };
}

/** Who keeps the authority, or approves what others ask for, needs a security key and perhaps no certificate. */
function touchesForOthers(roster: Roster, personName: string, now: number): boolean {
  return mayInspect(roster, personName) || mayApproveAnything(roster, personName, now);
}

interface Reach {
  readonly hosts: readonly string[];
  readonly mandates: LoginMandates;
}

function reachOf(roster: Roster, person: Person): Reach | undefined {
  const roles = loginRolesOf(roster, person.roles);
  const everywhere = grantingRole(roster, roles, '*');
  if (everywhere !== undefined) return takeHosts(roster, roles, ['*']);
  const most = Math.floor(MAX_PRINCIPALS / Math.max(person.logins.length, 1));
  const named = new Set(roles.flatMap(({ profile }) => (profile.hosts === '*' ? [] : [...profile.hosts])));
  const groups = [...named].filter((name) => roster.groups.has(name));
  const hosts = [...named].filter((name) => !isInGroup(roster, name, groups));
  return takeHosts(roster, roles, hosts.slice(0, most));
}

/** Whether a group of the list holds this host already. */
function isInGroup(roster: Roster, name: string, groups: readonly string[]): boolean {
  return roster.hosts.get(name)?.groups.some((group) => groups.includes(group)) ?? false;
}

/** Takes each host whose role goes together with those taken before. */
function takeHosts(roster: Roster, roles: readonly LoginRole[], names: readonly string[]): Reach | undefined {
  let reach: Reach | undefined;
  const used = new Set<LoginRole>();
  for (const name of names) {
    const role = grantingRole(roster, roles, name);
    if (role === undefined) continue;
    const mandates = strictest(LOGIN_RULES, role, [...used]);
    if (mandates.kind === 'denial') continue;
    used.add(role);
    reach = { hosts: [...(reach?.hosts ?? []), name], mandates };
  }
  return reach;
}
