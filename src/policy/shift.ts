/** How a list of roles gives other hosts, or the same hosts on other terms, under another roster. */
import { grantingRole } from './granting.ts';
import type { LoginProfile, Roster, TouchPolicy } from './roster.ts';
import type { LoginRole } from './strictest.ts';

export interface Side {
  readonly roster: Roster;
  readonly roles: readonly LoginRole[];
}

export interface HostTerms {
  readonly login: LoginProfile;
  readonly touch: TouchPolicy;
}

export interface TermShift {
  /** Hosts and groups; those that another name of the list covers are left out. */
  readonly hosts: readonly string[];
  readonly before: HostTerms | undefined;
  readonly after: HostTerms | undefined;
}

export interface HostShift {
  /** Every name that is given, those that another one covers left out. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly gained: readonly string[];
  readonly lost: readonly string[];
  /** Only what differs. */
  readonly terms: readonly TermShift[];
}

export function shiftOf(before: Side, after: Side): HostShift {
  const all = compareHosts(before, after);
  const hostsWhere = (roster: Roster, wanted: (shift: TermShift) => boolean) =>
    withoutCovered(
      all.filter(wanted).flatMap(({ hosts }) => hosts),
      roster,
    );
  return {
    before: hostsWhere(before.roster, (shift) => shift.before !== undefined),
    after: hostsWhere(after.roster, (shift) => shift.after !== undefined),
    gained: hostsWhere(after.roster, (shift) => shift.before === undefined && shift.after !== undefined),
    lost: hostsWhere(before.roster, (shift) => shift.before !== undefined && shift.after === undefined),
    terms: all
      .filter((shift) => textOf(shift.before) !== textOf(shift.after))
      .map((shift) => ({
        ...shift,
        hosts: withoutCovered(shift.hosts, (shift.after === undefined ? before : after).roster),
      })),
  };
}

/** Every name of either roster, together with those that are given on the same terms before and after. */
function compareHosts(before: Side, after: Side): readonly TermShift[] {
  const shifts = new Map<string, TermShift & { readonly hosts: string[] }>();
  for (const name of namesOf([before.roster, after.roster])) {
    const terms = { before: termsAt(before, name), after: termsAt(after, name) };
    const key = `${textOf(terms.before)}>${textOf(terms.after)}`;
    const shift = shifts.get(key) ?? { hosts: [], ...terms };
    shifts.set(key, shift);
    shift.hosts.push(name);
  }
  return [...shifts.values()];
}

function namesOf(rosters: readonly Roster[]): ReadonlySet<string> {
  return new Set(['*', ...rosters.flatMap(({ groups, hosts }) => [...groups.keys(), ...hosts.keys()])]);
}

/** A host that one roster does not know is reached under it all the same where "*" is given. */
function termsAt({ roster, roles }: Side, name: string): HostTerms | undefined {
  const role = grantingRole(roster, roles, name);
  return role === undefined ? undefined : { login: role.login, touch: role.touch };
}

/** In a fixed order, so that the same two rosters are always compared in the same words. */
function withoutCovered(names: readonly string[], roster: Roster): readonly string[] {
  if (names.includes('*')) return ['*'];
  const given = new Set(names);
  const isCovered = (name: string) =>
    roster.hosts.get(name)?.groups.some((group) => given.has(group)) ?? false;
  return names.filter((name) => !isCovered(name)).toSorted();
}

/** Equal terms have equal texts. The hosts of a role are not terms: they are what is compared. */
function textOf(terms: HostTerms | undefined): string {
  if (terms === undefined) return '';
  const { lifetime, maxLifetime, extensions, sourceAddresses } = terms.login;
  const networks = sourceAddresses?.map(({ text }) => text) ?? 'any';
  return JSON.stringify([lifetime, maxLifetime, extensions, networks, terms.touch]);
}
