/** Which of a person's roles gives which host. */
import type { LoginProfile, Right, Role, Roster, SudoProfile, TouchPolicy } from './roster.ts';

/** What a role says of one purpose. */
export interface RoleFor<Profile> {
  readonly name: string;
  readonly profile: Profile;
  readonly touch: TouchPolicy;
}

export type LoginRole = RoleFor<LoginProfile>;
export type SudoRole = RoleFor<SudoProfile>;

/** Those of these roles that give a login profile, in the same order. */
export function loginRolesOf(roster: Roster, names: readonly string[]): readonly LoginRole[] {
  return rolesFor(roster, names, ({ login }) => login);
}

/** The same for sudo. */
export function sudoRolesOf(roster: Roster, names: readonly string[]): readonly SudoRole[] {
  return rolesFor(roster, names, ({ sudo }) => sudo);
}

function rolesFor<Profile>(
  roster: Roster,
  names: readonly string[],
  profileOf: (role: Role) => Profile | undefined,
): readonly RoleFor<Profile>[] {
  return names.flatMap((name) => {
    const role = roster.roles.get(name);
    const profile = role && profileOf(role);
    return role === undefined || profile === undefined ? [] : [{ name, profile, touch: role.touch }];
  });
}

interface HostProfile {
  readonly hosts: '*' | ReadonlySet<string>;
}

/** Whether a role gives `host`: the name of a host or group, or "*". A group gives each of its hosts. */
function grantsHost(roster: Roster, { profile }: RoleFor<HostProfile>, host: string): boolean {
  if (profile.hosts === '*') return true;
  const granted = profile.hosts;
  return granted.has(host) || (roster.hosts.get(host)?.groups.some((group) => granted.has(group)) ?? false);
}

/** The first role of the list that gives the host: the keeper's order decides. */
export function grantingRole<Granting extends RoleFor<HostProfile>>(
  roster: Roster,
  roles: readonly Granting[],
  host: string,
): Granting | undefined {
  return roles.find((role) => grantsHost(roster, role, host));
}

/** The first role that gives the principal of sudo that every host takes. */
export function everywhereRole(roles: readonly SudoRole[]): SudoRole | undefined {
  return roles.find(({ profile }) => profile.everywhere);
}

/** The first role of the list that has the right. */
export function roleWithRight(roster: Roster, names: readonly string[], right: Right): Role | undefined {
  return names.map((name) => roster.roles.get(name)).find((role) => role?.manage.has(right));
}
