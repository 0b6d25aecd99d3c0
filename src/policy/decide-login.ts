import type { Denial, Grant, LoginRequest, Terms } from './decision.ts';
import { deny, NO_APPROVAL } from './decision.ts';
import type { LoginRole } from './granting.ts';
import { grantingRole, loginRolesOf } from './granting.ts';
import { refuseLongLifetime } from './lifetime.ts';
import type { LoginMandates } from './login-mandates.ts';
import { LOGIN_RULES } from './login-mandates.ts';
import type { Person, Roster } from './roster.ts';
import { strictest } from './strictest.ts';

/** @param now Unix seconds, at which the person has access */
export function decideLogin(
  roster: Roster,
  person: Person,
  request: LoginRequest,
  now: number,
): Grant | Denial {
  const foreign = request.logins.find((login) => !person.logins.includes(login));
  if (foreign !== undefined) return deny('login-not-allowed', `${foreign} is not a login of ${person.name}`);
  const mandates = findMandates(roster, person, request.hosts);
  if (mandates.kind === 'denial') return mandates;
  const lifetime = request.lifetime ?? mandates.lifetime;
  return (
    refuseLongLifetime(lifetime, mandates.maxLifetime, person, now) ?? loginGrant(request, lifetime, mandates)
  );
}

function findMandates(roster: Roster, person: Person, hosts: readonly string[]): LoginMandates | Denial {
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
  return first === undefined
    ? deny('malformed-request', 'no host is asked for')
    : strictest(LOGIN_RULES, first, others);
}

function isKnown(roster: Roster, host: string): boolean {
  return roster.hosts.has(host) || roster.groups.has(host);
}

function hostWords(host: string): string {
  return host === '*' ? 'every host at once' : host;
}

/** The grant of a request under these mandates: each login at each host, or the bare login for every host. */
export function loginGrant(request: LoginRequest, lifetime: number, mandates: LoginMandates): Grant {
  return {
    kind: 'grant',
    terms: termsOf(request, lifetime, mandates),
    touch: mandates.touch,
    approval: NO_APPROVAL,
  };
}

function termsOf(request: LoginRequest, lifetime: number, mandates: LoginMandates): Terms {
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
