/**
 * What everybody is shown who asks, before anybody is authenticated. A stranger must not learn from a draft who exists, so
 * that one for nobody differs in nothing from a real one: principals exactly as asked, mandates of somebody's roles, which
 * change with the hosts as those of real people do.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { WireWriter } from '../ssh/wire.ts';
import { termsOf } from './decide.ts';
import type { CertificateRequest, Grant } from './decision.ts';
import { NO_APPROVAL } from './decision.ts';
import { grantingRole, loginRolesOf } from './granting.ts';
import type { Roster } from './roster.ts';
import { LOGIN_LIFETIME } from './roster.ts';
import type { LoginRole, Mandates } from './strictest.ts';
import { strictest } from './strictest.ts';

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
  if (request.purpose === 'sudo') throw new TypeError('sudo comes next');
  // Picked for known people too, so that they do not take less time.
  const picked = loginRolesOf(roster, pickRoles(roster, seed, personName));
  const own = loginRolesOf(roster, roster.people.get(personName)?.roles ?? []);
  const mandates = mandatesOf(rolesFor(roster, own.length > 0 ? own : picked, request.hosts));
  const terms = termsOf(request, request.lifetime ?? mandates.lifetime, mandates);
  return { kind: 'grant', terms, touch: mandates.touch, approval: NO_APPROVAL };
}

/** For each host the role that grants it, else the first of the list: who may not have a host looks as ever. */
function rolesFor(
  roster: Roster,
  roles: readonly LoginRole[],
  hosts: readonly string[],
): readonly LoginRole[] {
  const used = hosts.map((host) => grantingRole(roster, roles, host) ?? roles[0]);
  return [...new Set(used)].filter((role) => role !== undefined);
}

/** Rendezvous hashing: a list that comes or goes changes the pick of few names, as it would for real people. */
function pickRoles(roster: Roster, seed: Uint8Array, personName: string): readonly string[] {
  let best: { readonly list: readonly string[]; readonly rank: number } = { list: [], rank: -1 };
  for (const list of roster.loginLists) {
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

function mandatesOf(roles: readonly LoginRole[]): Mandates {
  const [first, ...others] = roles;
  if (first === undefined) return PLAIN;
  const merged = strictest(first, others);
  if (merged.kind === 'mandates') return merged;
  const alone = strictest(first, []);
  return alone.kind === 'mandates' ? alone : PLAIN;
}

/** For a roster in which no role lets anybody sign in: the profile's own defaults. */
const PLAIN: Mandates = {
  kind: 'mandates',
  lifetime: LOGIN_LIFETIME.usual,
  maxLifetime: LOGIN_LIFETIME.most,
  extensions: ['permit-agent-forwarding', 'permit-pty'],
  touch: { userVerification: false, sameMachine: false, attestation: { required: false } },
};
