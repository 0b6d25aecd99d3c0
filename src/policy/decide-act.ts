/** Who may do what to the authority itself. */
import type { Act, ActKind } from '../ssh/act.ts';
import type { Denial } from './decision.ts';
import { deny } from './decision.ts';
import { roleWithRight } from './granting.ts';
import { hasEnded } from './person.ts';
import type { Right, Roster, TouchPolicy } from './roster.ts';
import { RIGHTS } from './roster.ts';

export interface ActGrant {
  readonly kind: 'grant';
  readonly touch: TouchPolicy;
}

const RIGHT_OF: { readonly [K in ActKind]: Right } = {
  'invite-host': 'hosts',
  revoke: 'revoke',
  'stage-ca': 'ca',
  'activate-ca': 'ca',
  'retire-ca': 'ca',
  'revoke-ca': 'ca',
};

export function rightOf({ kind }: Pick<Act, 'kind'>): Right {
  return RIGHT_OF[kind];
}

/**
 * May this person do this? Pure and total, like `decide`. What the touch has to show is what the first of the person's roles
 * asks for that has the right.
 * @param now Unix seconds
 */
export function decideAct(roster: Roster, personName: string, act: Act, now: number): ActGrant | Denial {
  const person = roster.people.get(personName);
  if (person === undefined) return deny('unknown-person', `the roster knows no ${personName.slice(0, 64)}`);
  if (hasEnded(person, now)) return deny('person-expired', `the access of ${person.name} has ended`);
  if (isOwn(act, personName)) return { kind: 'grant', touch: OWN_TOUCH };
  const right = rightOf(act);
  const role = roleWithRight(roster, person.roles, right);
  if (role === undefined) return deny('right-missing', `no role of ${person.name} has the right "${right}"`);
  if (act.kind === 'invite-host' && !roster.hosts.has(act.host))
    return deny('host-unknown', `the roster knows no host ${act.host.slice(0, 64)}`);
  return { kind: 'grant', touch: role.touch };
}

/** Who may change anything of the authority may see how its keys and hosts stand. The caller knows that the person's time is not over. */
export function mayInspect(roster: Roster, personName: string): boolean {
  const roles = roster.people.get(personName)?.roles ?? [];
  return RIGHTS.some((right) => roleWithRight(roster, roles, right) !== undefined);
}

/** Everybody may end what they themselves hold. */
export function isOwn(act: Act, personName: string): boolean {
  return act.kind === 'revoke' && act.target.kind === 'person' && act.target.name === personName;
}

/** Of what one holds: it must work, too, when the better one of two security keys is what was lost. */
export const OWN_TOUCH: TouchPolicy = {
  userVerification: false,
  sameMachine: false,
  attestation: { required: false },
};
