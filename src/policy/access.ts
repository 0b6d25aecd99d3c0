import { MAX_PRINCIPALS } from '../ssh/certificate-fields.ts';
import { grantingRole, loginRolesOf } from './granting.ts';
import type { Person, Roster } from './roster.ts';
import { LOGIN_LIFETIME } from './roster.ts';
import type { LoginRole, Mandates } from './strictest.ts';
import { strictest } from './strictest.ts';

/** What a person may ask for in one request to sign in; the command asks for it by default. */
export interface Access {
  readonly logins: readonly string[];
  /** Names of hosts and groups, or exactly `['*']`. */
  readonly hosts: readonly string[];
  /** Seconds. */
  readonly defaultLifetime: number;
  readonly maxLifetime: number;
}

/**
 * The most that `decide` grants the person in one certificate, or nothing. A role that excludes an earlier one, and what goes
 * beyond the number of principals, is left out: that takes requests of its own.
 * @param now Unix seconds
 */
export function accessOf(roster: Roster, personName: string, now: number): Access | undefined {
  const person = roster.people.get(personName);
  if (person === undefined) return undefined;
  const left = (person.until ?? Number.POSITIVE_INFINITY) - now;
  const reach = reachOf(roster, person);
  if (reach === undefined || left < LOGIN_LIFETIME.least) return undefined;
  const { hosts, mandates } = reach;
  return {
    logins: person.logins,
    hosts,
    defaultLifetime: Math.min(mandates.lifetime, left),
    maxLifetime: Math.min(mandates.maxLifetime, left),
  };
}

interface Reach {
  readonly hosts: readonly string[];
  readonly mandates: Mandates;
}

function reachOf(roster: Roster, person: Person): Reach | undefined {
  const roles = loginRolesOf(roster, person.roles);
  const everywhere = grantingRole(roster, roles, '*');
  if (everywhere !== undefined) return takeHosts(roster, roles, ['*']);
  const most = Math.floor(MAX_PRINCIPALS / Math.max(person.logins.length, 1));
  const named = new Set(roles.flatMap(({ login }) => (login.hosts === '*' ? [] : [...login.hosts])));
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
    const mandates = strictest(role, [...used]);
    if (mandates.kind === 'denial') continue;
    used.add(role);
    reach = { hosts: [...(reach?.hosts ?? []), name], mandates };
  }
  return reach;
}
