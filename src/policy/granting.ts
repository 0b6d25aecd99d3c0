/** Which of a person's roles gives which host. */
import type { Role, Roster } from './roster.ts';
import type { LoginRole } from './strictest.ts';

/** Those of these roles that give a login profile, in the same order. */
export function loginRolesOf(roster: Roster, names: readonly string[]): readonly LoginRole[] {
  return names.map((name) => roster.roles.get(name)).filter(isLoginRole);
}

function isLoginRole(role: Role | undefined): role is Role & LoginRole {
  return role?.login !== undefined;
}

/** Whether a role gives `host`: the name of a host or group, or "*". A group gives each of its hosts. */
export function grantsHost(roster: Roster, role: LoginRole, host: string): boolean {
  const granted = role.login.hosts;
  if (granted === '*') return true;
  return granted.has(host) || (roster.hosts.get(host)?.groups.some((group) => granted.has(group)) ?? false);
}

/** The first role of the list that gives the host: the keeper's order decides. */
export function grantingRole(
  roster: Roster,
  roles: readonly LoginRole[],
  host: string,
): LoginRole | undefined {
  return roles.find((role) => grantsHost(roster, role, host));
}
