/** Who may approve what others ask for, and whose keys may sign for sudo. */
import type { PublicKey } from '../ssh/public-key.ts';
import { samePublicKey } from '../ssh/public-key.ts';
import { hasEnded } from './person.ts';
import type { Roster, SudoCaKey } from './roster.ts';

/**
 * Whether this is a person of the roster, with access at this moment, who has one of the roles. That nobody approves their own request
 * is for the caller to see to.
 * @param approvers names of roles
 * @param now Unix seconds
 */
export function mayApprove(
  roster: Roster,
  personName: string,
  approvers: readonly string[],
  now: number,
): boolean {
  const person = roster.people.get(personName);
  if (person === undefined || hasEnded(person, now)) return false;
  return person.roles.some((role) => approvers.includes(role));
}

/**
 * How many other people can approve it: where people's keys sign for sudo, those who have one.
 * @param now Unix seconds
 */
export function countApprovers(
  roster: Roster,
  requester: string,
  approvers: readonly string[],
  now: number,
): number {
  const able = ableApprovers(roster, approvers, now);
  return able.size - Number(able.has(requester));
}

interface Moment {
  readonly now: number;
  readonly able: Map<string, ReadonlySet<string>>;
}

/** A load of a roster asks the same of it for each live certificate. */
const LAST_MOMENTS = new WeakMap<Roster, Moment>();

function ableApprovers(roster: Roster, approvers: readonly string[], now: number): ReadonlySet<string> {
  const last = LAST_MOMENTS.get(roster);
  const moment = last?.now === now ? last : { now, able: new Map<string, ReadonlySet<string>>() };
  LAST_MOMENTS.set(roster, moment);
  const roles = approvers.join();
  const able = moment.able.get(roles) ?? findApprovers(roster, approvers, now);
  moment.able.set(roles, able);
  return able;
}

function findApprovers(roster: Roster, approvers: readonly string[], now: number): ReadonlySet<string> {
  const signers = new Set(activeOwners(roster));
  return new Set(
    [...roster.people.keys()].filter(
      (name) => (roster.sudoCa.length === 0 || signers.has(name)) && mayApprove(roster, name, approvers, now),
    ),
  );
}

/**
 * Whether this is a person of the roster, with access at this moment, whose key signs for sudo.
 * @param now Unix seconds
 */
export function isSudoSigner(roster: Roster, personName: string, now: number): boolean {
  const person = roster.people.get(personName);
  return person !== undefined && !hasEnded(person, now) && activeOwners(roster).includes(personName);
}

/**
 * Whether there is anything that this person may approve, whoever asks for it: to look no further for all others.
 * @param now Unix seconds
 */
export function mayApproveAnything(roster: Roster, personName: string, now: number): boolean {
  if (isSudoSigner(roster, personName, now)) return true;
  return [...roster.roles.values()].some(
    ({ sudo }) => sudo !== undefined && mayApprove(roster, personName, sudo.approvers, now),
  );
}

function activeOwners({ sudoCa }: Roster): readonly string[] {
  return sudoCa.filter(({ state }) => state === 'active').map(({ person }) => person);
}

export interface FoundSudoCaKey {
  readonly caKey: SudoCaKey;
  /** Whether the owner has access at this moment: somebody who left signs nothing more. */
  readonly isOwnerLive: boolean;
}

/**
 * Whose CA key for sudo this is. It is the very key, with its application: the application is in what it signs.
 * @param now Unix seconds
 */
export function sudoCaKeyOf(roster: Roster, key: PublicKey, now: number): FoundSudoCaKey | undefined {
  const caKey = roster.sudoCa.find((one) => samePublicKey(one.key, key));
  if (caKey === undefined) return undefined;
  const owner = roster.people.get(caKey.person);
  return { caKey, isOwnerLive: owner !== undefined && !hasEnded(owner, now) };
}
