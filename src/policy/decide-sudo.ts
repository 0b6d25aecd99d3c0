import { isSecurityKey } from '../ssh/public-key.ts';
import { countApprovers } from './approve.ts';
import type { Denial, Grant, SudoRequest } from './decision.ts';
import { deny } from './decision.ts';
import type { SudoRole } from './granting.ts';
import { everywhereRole, grantingRole, sudoRolesOf } from './granting.ts';
import { refuseLongLifetime } from './lifetime.ts';
import type { Person, Roster } from './roster.ts';
import { strictest } from './strictest.ts';
import type { SudoMandates } from './sudo-mandates.ts';
import { SUDO_RULES } from './sudo-mandates.ts';

/** @param now Unix seconds, at which the person has access */
export function decideSudo(
  roster: Roster,
  person: Person,
  request: SudoRequest,
  now: number,
): Grant | Denial {
  const { login } = request;
  if (!person.logins.includes(login))
    return deny('login-not-allowed', `${login} is not a login of ${person.name}`);
  const mandates = findMandates(roster, person, request.hosts);
  if (mandates.kind === 'denial') return mandates;
  const lifetime = request.lifetime ?? mandates.lifetime;
  return (
    refuseKey(request, mandates) ??
    refuseSilence(request, mandates) ??
    refuseLongLifetime(lifetime, mandates.maxLifetime, person, now) ??
    refuseLoneliness(roster, person, mandates, now) ??
    sudoGrant(request, lifetime, mandates)
  );
}

function findMandates(roster: Roster, person: Person, hosts: readonly string[]): SudoMandates | Denial {
  const roles = sudoRolesOf(roster, person.roles);
  if (roles.length === 0) return deny('no-role', `no role of ${person.name} allows sudo`);
  const used = new Set<SudoRole>();
  for (const host of hosts) {
    if (host !== '*' && !roster.sudoNames.has(host)) return unknownHost(roster, host);
    const role = sudoRoleFor(roster, roles, host);
    if (role === undefined) return notAllowed(person, host);
    used.add(role);
  }
  const [first, ...others] = used;
  return first === undefined
    ? deny('malformed-request', 'no host is asked for')
    : strictest(SUDO_RULES, first, others);
}

/** @param sudoName a host's name for sudo, or `*`, which takes a role that says so: all hosts of a role are not everywhere. */
export function sudoRoleFor(
  roster: Roster,
  roles: readonly SudoRole[],
  sudoName: string,
): SudoRole | undefined {
  if (sudoName === '*') return everywhereRole(roles);
  const host = roster.sudoNames.get(sudoName);
  return host === undefined ? undefined : grantingRole(roster, roles, host.name);
}

function unknownHost(roster: Roster, name: string): Denial {
  if (roster.groups.has(name)) return deny('host-unknown', `${name} is a group: name its hosts`);
  const host = roster.hosts.get(name);
  return host === undefined
    ? deny('host-unknown', `the roster knows no ${name}`)
    : deny('host-unknown', `${name} is called ${host.sudoName} for sudo`);
}

function notAllowed(person: Person, host: string): Denial {
  const where = host === '*' ? 'every host at once' : host;
  return deny('host-not-allowed', `no role of ${person.name} allows sudo on ${where}`);
}

function refuseKey({ subject }: SudoRequest, { securityKeysOnly }: SudoMandates): Denial | undefined {
  if (!securityKeysOnly || isSecurityKey(subject)) return undefined;
  return deny('key-not-allowed', 'your role certifies security keys only: name one of yours with --key');
}

function refuseSilence({ reason }: SudoRequest, { reasonRequired }: SudoMandates): Denial | undefined {
  if (!reasonRequired || reason !== '') return undefined;
  return deny('reason-required', 'your role asks what it is for: say it with --reason');
}

/** The roster's check sees to each role alone; the people whom several roles accept may be fewer, and access ends. */
function refuseLoneliness(
  roster: Roster,
  person: Person,
  { approval }: SudoMandates,
  now: number,
): Denial | undefined {
  if (approval.needed === 0) return undefined;
  const count = countApprovers(roster, person.name, approval.approvers, now);
  if (count >= approval.needed) return undefined;
  return deny(
    'conflicting-roles',
    `this takes the approval of ${approval.needed} other people, and ${count} may give it: ask for the hosts one after the other`,
  );
}

/** The grant of a request under these mandates. The login stands first: it is what pam-ussh logs. */
export function sudoGrant(request: SudoRequest, lifetime: number, mandates: SudoMandates): Grant {
  const names = request.hosts.map((host) => (host === '*' ? 'sudoer' : `sudoer@${host}`));
  return {
    kind: 'grant',
    terms: { principals: [request.login, ...names], lifetime, criticalOptions: [], extensions: [] },
    touch: mandates.touch,
    approval: mandates.approval,
  };
}
