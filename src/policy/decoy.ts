/**
 * Answers to people whom the roster does not know, and to requests that it denies. A stranger must not learn from a draft
 * who exists, so that a decoy differs in nothing from a grant: principals exactly as asked, mandates of a role.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { WireWriter } from '../ssh/wire.ts';
import { termsOf } from './decide.ts';
import type { CertificateRequest, Grant } from './decision.ts';
import { grantingRole, isLoginRole, loginRolesOf } from './granting.ts';
import type { Roster } from './roster.ts';
import { LOGIN_LIFETIME } from './roster.ts';
import type { LoginRole, Mandates } from './strictest.ts';
import { strictest } from './strictest.ts';

/**
 * @param seed a secret of the authority: without it nobody can tell which role a stranger would be shown
 * @param request one that `refuseMalformed` lets pass
 */
export function decoyGrant(
  roster: Roster,
  seed: Uint8Array,
  personName: string,
  request: CertificateRequest,
): Grant {
  // Picked for known people too, so that they do not take less time.
  const picked = pickRole(roster, seed, personName);
  const own = ownRoles(roster, personName, request.hosts);
  const mandates = mandatesOf(own.length > 0 ? own : picked === undefined ? [] : [picked]);
  const terms = termsOf(request, request.lifetime ?? mandates.lifetime, mandates);
  return { kind: 'grant', terms, touch: mandates.touch };
}

/** For each host the role that grants it, else the person's first: a known person always looks the same. */
function ownRoles(roster: Roster, personName: string, hosts: readonly string[]): readonly LoginRole[] {
  const person = roster.people.get(personName);
  const roles = person === undefined ? [] : loginRolesOf(roster, person);
  const used = hosts.map((host) => grantingRole(roster, roles, host) ?? roles[0]);
  return [...new Set(used)].filter((role) => role !== undefined);
}

/** Rendezvous hashing: a role that comes or goes changes the pick of few names, as it would for real people. */
function pickRole(roster: Roster, seed: Uint8Array, personName: string): LoginRole | undefined {
  const ranked = [...roster.roles.values()]
    .filter(isLoginRole)
    .map((role) => ({ role, rank: rankOf(seed, personName, role.name) }));
  return ranked.reduce((best, next) => (best === undefined || next.rank > best.rank ? next : best), ranked[0])
    ?.role;
}

function rankOf(seed: Uint8Array, personName: string, role: string): number {
  const preimage = new WireWriter()
    .string('usher decoy role v1')
    .string(seed)
    .string(personName)
    .string(role);
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
