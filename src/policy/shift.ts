/** How a list of roles gives other hosts, or the same hosts on other terms, under another roster. */
import type { RoleFor } from './granting.ts';
import { everywhereRole, grantingRole, loginRolesOf, sudoRolesOf } from './granting.ts';
import type { LoginProfile, Roster, SudoProfile, TouchPolicy } from './roster.ts';

/** What stands for the principal that every host takes. No host or group can have this name. */
export const EVERYWHERE = 'sudoer';

export interface HostTerms<Profile> {
  readonly profile: Profile;
  readonly touch: TouchPolicy;
}

export interface TermShift<Profile> {
  /** Hosts and groups; those that another name of the list covers are left out. */
  readonly hosts: readonly string[];
  readonly before: HostTerms<Profile> | undefined;
  readonly after: HostTerms<Profile> | undefined;
}

export interface HostShift<Profile> {
  /** Every name that is given, those that another one covers left out. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly gained: readonly string[];
  readonly lost: readonly string[];
  /** Only what differs. */
  readonly terms: readonly TermShift<Profile>[];
}

/** A list of roles under one of the two rosters. */
export interface Side {
  readonly roster: Roster;
  readonly roles: readonly string[];
}

export function loginShift(before: Side, after: Side): HostShift<LoginProfile> {
  const reachOf = ({ roster, roles }: Side): Reach<LoginProfile> => {
    const given = loginRolesOf(roster, roles);
    return { roster, roleAt: (name) => grantingRole(roster, given, name) };
  };
  return shiftOf(reachOf(before), reachOf(after), textOfLogin, ['*']);
}

export function sudoShift(before: Side, after: Side): HostShift<SudoProfile> {
  const reachOf = ({ roster, roles }: Side): Reach<SudoProfile> => {
    const given = sudoRolesOf(roster, roles);
    const roleAt = (name: string) =>
      name === EVERYWHERE ? everywhereRole(given) : grantingRole(roster, given, name);
    return { roster, roleAt };
  };
  return shiftOf(reachOf(before), reachOf(after), textOfSudo, ['*', EVERYWHERE]);
}

/** Where each list may approve what others ask for. */
export function approvalShift(before: Side, after: Side): Pick<HostShift<SudoProfile>, 'gained' | 'lost'> {
  const reachOf = ({ roster, roles }: Side): Reach<SudoProfile> => {
    const all = sudoRolesOf(roster, [...roster.roles.keys()]);
    const given = all.filter(({ profile }) => profile.approvers.some((role) => roles.includes(role)));
    const roleAt = (name: string) =>
      name === EVERYWHERE ? everywhereRole(given) : grantingRole(roster, given, name);
    return { roster, roleAt };
  };
  return shiftOf(reachOf(before), reachOf(after), () => '', ['*', EVERYWHERE]);
}

interface Reach<Profile> {
  readonly roster: Roster;
  /** A host that one roster does not know is reached under it all the same where "*" is given. */
  roleAt(name: string): RoleFor<Profile> | undefined;
}

/** @param textOf equal profiles have equal texts @param more names besides those of hosts and groups */
function shiftOf<Profile>(
  before: Reach<Profile>,
  after: Reach<Profile>,
  textOf: (profile: Profile) => string,
  more: readonly string[],
): HostShift<Profile> {
  const text = (terms: HostTerms<Profile> | undefined) =>
    terms === undefined ? '' : `${textOf(terms.profile)} ${JSON.stringify(terms.touch)}`;
  const all = compareHosts(before, after, text, more);
  const hostsWhere = (roster: Roster, wanted: (shift: TermShift<Profile>) => boolean) =>
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
      .filter((shift) => text(shift.before) !== text(shift.after))
      .map((shift) => ({
        ...shift,
        hosts: withoutCovered(shift.hosts, (shift.after === undefined ? before : after).roster),
      })),
  };
}

/** Every name of either roster, together with those that are given on the same terms before and after. */
function compareHosts<Profile>(
  before: Reach<Profile>,
  after: Reach<Profile>,
  textOf: (terms: HostTerms<Profile> | undefined) => string,
  more: readonly string[],
): readonly TermShift<Profile>[] {
  const shifts = new Map<string, TermShift<Profile> & { readonly hosts: string[] }>();
  for (const name of namesOf([before.roster, after.roster], more)) {
    const terms = { before: before.roleAt(name), after: after.roleAt(name) };
    const key = `${textOf(terms.before)}>${textOf(terms.after)}`;
    const shift = shifts.get(key) ?? { hosts: [], ...terms };
    shifts.set(key, shift);
    shift.hosts.push(name);
  }
  return [...shifts.values()];
}

function namesOf(rosters: readonly Roster[], more: readonly string[]): ReadonlySet<string> {
  return new Set([...more, ...rosters.flatMap(({ groups, hosts }) => [...groups.keys(), ...hosts.keys()])]);
}

/** In a fixed order, so that the same two rosters are always compared in the same words. */
function withoutCovered(names: readonly string[], roster: Roster): readonly string[] {
  const given = new Set(names);
  if (given.has('*')) return given.has(EVERYWHERE) ? ['*', EVERYWHERE] : ['*'];
  const isCovered = (name: string) =>
    roster.hosts.get(name)?.groups.some((group) => given.has(group)) ?? false;
  return names.filter((name) => !isCovered(name)).toSorted();
}

/** The hosts of a role are not terms: they are what is compared. */
function textOfLogin({ lifetime, maxLifetime, extensions, sourceAddresses }: LoginProfile): string {
  const networks = sourceAddresses?.map(({ text }) => text) ?? 'any';
  return JSON.stringify([lifetime, maxLifetime, extensions, networks]);
}

function textOfSudo({ hosts: _, everywhere: __, approvers, ...terms }: SudoProfile): string {
  return JSON.stringify([terms, approvers.toSorted()]);
}
