import { keyIdentity } from '../ssh/key-identity.ts';
import type { CertificateRequest, Denial, Grant, LoginRequest, Terms } from './decision.ts';
import { deny, NO_APPROVAL } from './decision.ts';
import { grantingRole, loginRolesOf } from './granting.ts';
import { refuseMalformed, tooLong } from './malformed.ts';
import type { Person, Roster } from './roster.ts';
import type { LoginRole, Mandates } from './strictest.ts';
import { strictest } from './strictest.ts';

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
  if (request.purpose === 'sudo') return deny('no-role', 'sudo comes next');
  return refuseSubject(roster, request) ?? decideLogin(roster, person, request, now);
}

/** A draft that waited for its touch. */
export interface Drafted {
  readonly terms: Terms;
  /** Unix seconds of the decision that it was made from: its lifetime begins there. */
  readonly at: number;
}

/**
 * Is the draft still covered by the roster of this moment? Asked in the transaction that signs. The grant's touch policy is
 * the one that the touch has to meet.
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

function hasEnded(person: Person, now: number): boolean {
  return person.until !== undefined && now >= person.until;
}

/** An agent that holds a credential signs whatever it is given, a login too: a touch must not become a session. */
function refuseSubject(roster: Roster, request: CertificateRequest): Denial | undefined {
  if (!roster.keyOwners.has(keyIdentity(request.subject))) return undefined;
  return deny('key-has-role', 'this key is a credential in the roster; certify another one');
}

function decideLogin(roster: Roster, person: Person, request: LoginRequest, now: number): Grant | Denial {
  const foreign = request.logins.find((login) => !person.logins.includes(login));
  if (foreign !== undefined) return deny('login-not-allowed', `${foreign} is not a login of ${person.name}`);
  const mandates = findMandates(roster, person, request.hosts);
  if (mandates.kind === 'denial') return mandates;
  const lifetime = request.lifetime ?? mandates.lifetime;
  return (
    refuseLifetime(lifetime, mandates, person, now) ?? {
      kind: 'grant',
      terms: termsOf(request, lifetime, mandates),
      touch: mandates.touch,
      approval: NO_APPROVAL,
    }
  );
}

function findMandates(roster: Roster, person: Person, hosts: readonly string[]): Mandates | Denial {
  const roles = loginRolesOf(roster, person.roles);
  if (roles.length === 0) return deny('no-role', `no role of ${person.name} allows to sign in`);
  const used = new Set<LoginRole>();
  for (const host of hosts) {
    const role = grantingRole(roster, roles, host);
    if (host !== '*' && !isKnown(roster, host)) return deny('host-unknown', `the roster knows no ${host}`);
    if (role === undefined)
      return deny('host-not-allowed', `no role of ${person.name} allows ${hostWords(host)}`);
    used.add(role);
  }
  const [first, ...others] = used;
  return first === undefined ? deny('malformed-request', 'no host is asked for') : strictest(first, others);
}

function isKnown(roster: Roster, host: string): boolean {
  return roster.hosts.has(host) || roster.groups.has(host);
}

function hostWords(host: string): string {
  return host === '*' ? 'every host at once' : host;
}

function refuseLifetime(
  lifetime: number,
  mandates: Mandates,
  person: Person,
  now: number,
): Denial | undefined {
  if (lifetime > mandates.maxLifetime) return tooLong(mandates.maxLifetime);
  if (person.until !== undefined && now + lifetime > person.until)
    return deny(
      'lifetime-too-long',
      `the access of ${person.name} ends in ${person.until - now} seconds: ask for less`,
    );
  return undefined;
}

/** The terms of a request under these mandates: each login at each host, or the bare login for every host. */
export function termsOf(request: LoginRequest, lifetime: number, mandates: Mandates): Terms {
  return {
    principals: request.logins.flatMap((login) =>
      request.hosts.map((host) => (host === '*' ? login : `${login}@${host}`)),
    ),
    lifetime,
    criticalOptions:
      mandates.sourceAddresses === undefined
        ? []
        : [{ name: 'source-address', value: mandates.sourceAddresses.map(({ text }) => text).join(',') }],
    extensions: mandates.extensions,
  };
}

/** Whether everything in the draft is granted, and every granted restriction is in it. Its lifetime was asked for anew. */
function covers(granted: Terms, drafted: Terms): boolean {
  return (
    drafted.principals.length > 0 &&
    drafted.principals.every((principal) => granted.principals.includes(principal)) &&
    drafted.extensions.every((extension) => granted.extensions.includes(extension)) &&
    granted.criticalOptions.every(({ name, value }) =>
      drafted.criticalOptions.some((option) => option.name === name && option.value === value),
    )
  );
}
