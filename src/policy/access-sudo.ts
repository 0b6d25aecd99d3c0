import { MAX_PRINCIPALS } from '../ssh/certificate-fields.ts';
import { countApprovers } from './approve.ts';
import type { SudoRole } from './granting.ts';
import { everywhereRole, grantingRole, sudoRolesOf } from './granting.ts';
import type { Host, Person, Roster } from './roster.ts';
import { strictest } from './strictest.ts';
import type { SudoMandates } from './sudo-mandates.ts';
import { SUDO_RULES } from './sudo-mandates.ts';

/** What a person may ask for in one request for sudo. */
export interface SudoAccess {
  /** Whether the principal may be asked for that every host takes; its role may ask for more than is said here. */
  readonly everywhere: boolean;
  /** Names of hosts and groups, or exactly `['*']`; a group stands for its hosts, each of which is asked for by name. */
  readonly hosts: readonly string[];
  /** What hosts are called for sudo, where it is another name. */
  readonly names: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly defaultLifetime: number;
  readonly maxLifetime: number;
  /** How many other people have to approve. */
  readonly approvals: number;
  readonly reasonRequired: boolean;
  readonly securityKeysOnly: boolean;
}

/** Of names that are told: a request holds no more. */
const MAX_NAMES = MAX_PRINCIPALS - 1;

/**
 * What the roles give that go together, in the person's order.
 * @param now Unix seconds
 * @param left seconds that the person's access lasts
 */
export function sudoAccessOf(
  roster: Roster,
  person: Person,
  now: number,
  left: number,
): SudoAccess | undefined {
  const everywhere = takeRoles(roster, person, [everywhereRole(sudoRolesOf(roster, person.roles))], now);
  const granted = grantedHosts(roster, person);
  const taken = takeRoles(roster, person, [...granted.keys()], now) ?? everywhere;
  if (taken === undefined) return undefined;
  const { lifetime, maxLifetime, approval, reasonRequired, securityKeysOnly } = taken.mandates;
  const hosts = taken.roles.flatMap((role) => granted.get(role) ?? []);
  return {
    everywhere: everywhere !== undefined,
    hosts: shortNames(roster, taken.roles, hosts),
    names: sudoNames(hosts),
    defaultLifetime: Math.min(lifetime, left),
    maxLifetime: Math.min(maxLifetime, left),
    approvals: approval.needed,
    reasonRequired,
    securityKeysOnly,
  };
}

/** What each role is the first to grant; the roles in the person's order. */
function grantedHosts(roster: Roster, person: Person): ReadonlyMap<SudoRole, readonly Host[]> {
  const granted = new Map<SudoRole, Host[]>(sudoRolesOf(roster, person.roles).map((role) => [role, []]));
  const roles = [...granted.keys()];
  for (const host of roster.hosts.values()) {
    const role = grantingRole(roster, roles, host.name);
    if (role !== undefined) granted.get(role)?.push(host);
  }
  return new Map([...granted].filter(([, hosts]) => hosts.length > 0));
}

interface Taken {
  readonly roles: readonly SudoRole[];
  readonly mandates: SudoMandates;
}

/** Takes each role that goes together with those taken before, and leaves enough people who may approve. */
function takeRoles(
  roster: Roster,
  person: Person,
  roles: readonly (SudoRole | undefined)[],
  now: number,
): Taken | undefined {
  let taken: Taken | undefined;
  for (const role of roles) {
    if (role === undefined) continue;
    const [first = role, ...others] = [...(taken?.roles ?? []), role];
    const mandates = strictest(SUDO_RULES, first, others);
    if (mandates.kind === 'denial') continue;
    const { needed, approvers } = mandates.approval;
    if (needed > 0 && countApprovers(roster, person.name, approvers, now) < needed) continue;
    taken = { roles: [first, ...others], mandates };
  }
  return taken;
}

/** `*`, or the groups that the roles name and that are given whole, and the hosts in none of them. */
function shortNames(roster: Roster, roles: readonly SudoRole[], hosts: readonly Host[]): readonly string[] {
  if (hosts.length === roster.hosts.size && roles.some(({ profile }) => profile.hosts === '*')) return ['*'];
  const given = new Set(hosts.map(({ name }) => name));
  const named = new Set(roles.flatMap(({ profile }) => (profile.hosts === '*' ? [] : [...profile.hosts])));
  const groups = [...named].filter((name) => roster.groups.get(name)?.every((host) => given.has(host)));
  const single = hosts.filter((host) => !host.groups.some((group) => groups.includes(group)));
  return [...groups, ...single.map(({ name }) => name)].slice(0, MAX_NAMES);
}

function sudoNames(hosts: readonly Host[]): Readonly<Record<string, string>> {
  const others = hosts.filter(({ name, sudoName }) => name !== sudoName).slice(0, MAX_NAMES);
  return Object.fromEntries(others.map(({ name, sudoName }) => [name, sudoName]));
}
