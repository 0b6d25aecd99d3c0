import { keyIdentity } from '../ssh/key-identity.ts';
import { decideLogin } from './decide-login.ts';
import { decideSudo } from './decide-sudo.ts';
import type { CertificateRequest, Denial, Grant, Terms } from './decision.ts';
import { deny } from './decision.ts';
import { refuseMalformed } from './malformed.ts';
import { hasEnded } from './person.ts';
import type { Roster } from './roster.ts';
import { sourceWithin } from './source.ts';

/**
 * May this person have this certificate? Pure and total: any name and any request get an answer, and what is asked for is
 * either granted as it is or denied, never cut. Policy adds mandates; a caller can not drop them.
 * @param now Unix seconds
 */
export function decide(
  roster: Roster,
  personName: string,
  request: CertificateRequest,
  now: number,
): Grant | Denial {
  const malformed = refuseMalformed(request);
  if (malformed !== undefined) return malformed;
  const person = roster.people.get(personName);
  if (person === undefined) return deny('unknown-person', `the roster knows no ${personName.slice(0, 64)}`);
  if (hasEnded(person, now)) return deny('person-expired', `the access of ${person.name} has ended`);
  const refused = refuseSubject(roster, request);
  if (refused !== undefined) return refused;
  return request.purpose === 'login'
    ? decideLogin(roster, person, request, now)
    : decideSudo(roster, person, request, now);
}

/** A draft that waited for its touch. */
export interface Drafted {
  readonly terms: Terms;
  /** Unix seconds of the decision that it was made from: its lifetime begins there. */
  readonly at: number;
}

/**
 * Is the draft still covered by the roster of this moment? Asked in the transaction that signs. The grant's touch policy is
 * the one that the touch has to meet, and its approvals are those that it takes, however many it took when it was drafted.
 * @param now Unix seconds
 */
export function decideAgain(
  roster: Roster,
  personName: string,
  request: CertificateRequest,
  drafted: Drafted,
  now: number,
): Grant | Denial {
  const asDrafted = { ...request, lifetime: drafted.terms.lifetime };
  const decision = decide(roster, personName, asDrafted, drafted.at);
  if (decision.kind === 'denial') return decision;
  const person = roster.people.get(personName);
  if (person !== undefined && hasEnded(person, now))
    return deny('person-expired', `the access of ${person.name} has ended`);
  if (!covers(decision.terms, drafted.terms))
    return deny('policy-changed', 'the roster has changed since this was drafted: ask again');
  return decision;
}

/**
 * An agent that holds a credential signs whatever it is given, a login too: a touch must not become a session. One that
 * holds a CA key must not make certificates.
 */
function refuseSubject(roster: Roster, request: CertificateRequest): Denial | undefined {
  const subject = keyIdentity(request.subject);
  if (roster.keyOwners.has(subject))
    return deny('key-has-role', 'this key is a credential in the roster; certify another one');
  if (roster.sudoCa.some(({ key }) => keyIdentity(key) === subject))
    return deny('key-has-role', 'this key signs for sudo; certify another one');
  return undefined;
}

/** Whether everything in the draft is granted, and every granted restriction is in it. Its lifetime was asked for anew. */
function covers(granted: Terms, drafted: Terms): boolean {
  return (
    drafted.principals.length > 0 &&
    drafted.principals.every((principal) => granted.principals.includes(principal)) &&
    drafted.extensions.every((extension) => granted.extensions.includes(extension)) &&
    granted.criticalOptions.every(({ name, value }) =>
      drafted.criticalOptions.some((option) => option.name === name && sourceWithin(value, option.value)),
    )
  );
}
