/**
 * What everybody is shown who asks, before anybody is authenticated. A stranger must not learn from a draft who exists, so
 * that one for nobody differs in nothing from a real one: principals exactly as asked, mandates of somebody's roles, which
 * change with the hosts as those of real people do, and which are the same person's for sign-in and for sudo.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { WireWriter } from '../ssh/wire.ts';
import { loginGrant } from './decide-login.ts';
import { sudoGrant, sudoRoleFor } from './decide-sudo.ts';
import type { CertificateRequest, Grant, LoginRequest, SudoRequest } from './decision.ts';
import type { LoginRole, RoleFor, SudoRole } from './granting.ts';
import { grantingRole, loginRolesOf, sudoRolesOf } from './granting.ts';
import { LOGIN_RULES, PLAIN_LOGIN } from './login-mandates.ts';
import type { Roster } from './roster.ts';
import type { Rules } from './strictest.ts';
import { strictest } from './strictest.ts';
import { PLAIN_SUDO, SUDO_RULES } from './sudo-mandates.ts';

/**
 * The grant that a draft is made from: of every request, whether policy will grant it or not. For what `decide` grants it is
 * that very grant, since the draft that is shown is the one that is signed; for what it denies, and for people who do not
 * exist, it is what somebody's roles would give. Whether it counts is decided after the touch.
 * @param seed a secret of the authority: without it nobody can tell whose roles a stranger would be shown
 * @param request one that `refuseMalformed` lets pass
 */
export function shownGrant(
  roster: Roster,
  seed: Uint8Array,
  personName: string,
  request: CertificateRequest,
): Grant {
  const shown = shownRoles(roster, seed, personName);
  return request.purpose === 'login'
    ? shownLogin(roster, shown.login, request)
    : shownSudo(roster, shown.sudo, request);
}

interface ShownRoles {
  readonly login: readonly LoginRole[];
  readonly sudo: readonly SudoRole[];
}

/** Roles that give nothing count as none. Everything is picked for known people too, so that they do not take less time. */
function shownRoles(roster: Roster, seed: Uint8Array, personName: string): ShownRoles {
  const picked = (lists: readonly (readonly string[])[]) => pickRoles(lists, seed, personName);
  const own = roster.people.get(personName)?.roles ?? [];
  const anybodys = picked(roster.roleLists);
  const names = givesAnything(roster, own) ? own : anybodys;
  const login = [names, picked(roster.loginLists)].map((list) => loginRolesOf(roster, list));
  const sudo = [names, picked(roster.sudoLists)].map((list) => sudoRolesOf(roster, list));
  return { login: firstFilled(login), sudo: firstFilled(sudo) };
}

function givesAnything(roster: Roster, names: readonly string[]): boolean {
  return loginRolesOf(roster, names).length + sudoRolesOf(roster, names).length > 0;
}

function firstFilled<T>(lists: readonly (readonly T[])[]): readonly T[] {
  return lists.find((list) => list.length > 0) ?? [];
}

function shownLogin(roster: Roster, roles: readonly LoginRole[], request: LoginRequest): Grant {
  const used = rolesUsed(roles, request.hosts, (host) => grantingRole(roster, roles, host));
  const mandates = mandatesOf(LOGIN_RULES, used, PLAIN_LOGIN);
  return loginGrant(request, request.lifetime ?? mandates.lifetime, mandates);
}

function shownSudo(roster: Roster, roles: readonly SudoRole[], request: SudoRequest): Grant {
  const used = rolesUsed(roles, request.hosts, (host) => sudoRoleFor(roster, roles, host));
  const mandates = mandatesOf(SUDO_RULES, used, PLAIN_SUDO);
  return sudoGrant(request, request.lifetime ?? mandates.lifetime, mandates);
}

/** For each host the role that grants it, else the first of the list: who may not have a host looks as ever. */
function rolesUsed<Used>(
  roles: readonly Used[],
  hosts: readonly string[],
  roleFor: (host: string) => Used | undefined,
): readonly Used[] {
  const used = hosts.map((host) => roleFor(host) ?? roles[0]);
  return [...new Set(used)].filter((role) => role !== undefined);
}

/** Rendezvous hashing: a list that comes or goes changes the pick of few names, as it would for real people. */
export function pickRoles(
  lists: readonly (readonly string[])[],
  seed: Uint8Array,
  personName: string,
): readonly string[] {
  let best: { readonly list: readonly string[]; readonly rank: number } = { list: [], rank: -1 };
  for (const list of lists) {
    const rank = rankOf(seed, personName, list);
    if (rank > best.rank) best = { list, rank };
  }
  return best.list;
}

function rankOf(seed: Uint8Array, personName: string, list: readonly string[]): number {
  const preimage = new WireWriter().string('usher shown roles v1').string(seed).string(personName);
  for (const role of list) preimage.string(role);
  const digest = sha256(preimage.bytes());
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0);
}

function mandatesOf<Profile, Mandates extends { readonly kind: 'mandates' }>(
  rules: Rules<Profile, Mandates>,
  roles: readonly RoleFor<Profile>[],
  plain: Mandates,
): Mandates {
  const [first, ...others] = roles;
  if (first === undefined) return plain;
  const merged = strictest(rules, first, others);
  return merged.kind === 'denial' ? rules.mandatesOf(first) : merged;
}
