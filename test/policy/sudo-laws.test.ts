/** What holds of sudo for every roster, person and request. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessOf } from '../../src/policy/access.ts';
import { countApprovers } from '../../src/policy/approve.ts';
import { decide, decideAgain } from '../../src/policy/decide.ts';
import type { SudoRequest } from '../../src/policy/decision.ts';
import { DENIAL_CODES } from '../../src/policy/decision.ts';
import { refuseMalformed } from '../../src/policy/malformed.ts';
import type { Person, Roster, SudoProfile } from '../../src/policy/roster.ts';
import { shownGrant } from '../../src/policy/shown-grant.ts';
import { isSecurityKey } from '../../src/ssh/public-key.ts';
import { names, people, ROLES, RUNS, rosters, SK, sudoRequests, wildSudoRequests } from './arbitraries.ts';
import { NOW } from './rosters.ts';

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('decide on sudo', () => {
  it('answers every name and every request', () => {
    fc.assert(
      fc.property(
        rosters,
        fc.oneof(names, fc.string()),
        fc.oneof(sudoRequests, wildSudoRequests),
        (roster, name, request) => {
          const answer = decide(roster, name, request, NOW);
          if (answer.kind === 'denial') expect(DENIAL_CODES).toContain(answer.code);
        },
      ),
      RUNS,
    );
  });

  it('grants the login and each host that was asked for, each of them given by a role, and nothing else', () => {
    let granted = 0;
    fc.assert(
      fc.property(rosters, people, sudoRequests, (roster, name, request) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'denial') return;
        granted++;
        const asked = request.hosts.map((host) => (host === '*' ? 'sudoer' : `sudoer@${host}`));
        expect(answer.terms).toMatchObject({
          principals: [request.login, ...asked],
          criticalOptions: [],
          extensions: [],
        });
        expect(asked.length).toBeGreaterThan(0);
        expect(roster.people.get(name)?.logins).toContain(request.login);
        for (const host of request.hosts) expect(profileFor(roster, name, host)).toBeDefined();
      }),
      RUNS,
    );
    expect(granted).toBeGreaterThan(5);
  });

  it('grants no lifetime beyond what was asked for, what each role allows, a day, and the end of the access', () => {
    fc.assert(
      fc.property(rosters, people, sudoRequests, (roster, name, request) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'denial') return;
        const { lifetime } = answer.terms;
        expect(lifetime).toBe(request.lifetime ?? lifetime);
        const until = roster.people.get(name)?.until ?? Number.POSITIVE_INFINITY;
        const most = profilesFor(roster, name, request).map(({ maxLifetime }) => maxLifetime);
        expect(lifetime).toBeLessThanOrEqual(Math.min(86_400, until - NOW, ...most));
      }),
      RUNS,
    );
  });

  it('asks for what each role asks: approvals by its approvers, a reason, a security key', () => {
    fc.assert(
      fc.property(rosters, people, sudoRequests, (roster, name, request) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'denial') return;
        const { needed, approvers } = answer.approval;
        for (const profile of profilesFor(roster, name, request)) {
          expect(needed).toBeGreaterThanOrEqual(profile.approvals);
          if (profile.approvals > 0)
            expect(profile.approvers).toEqual(expect.arrayContaining([...approvers]));
          if (profile.reasonRequired) expect(request.reason).not.toBe('');
          if (profile.securityKeysOnly) expect(isSecurityKey(request.subject)).toBe(true);
        }
        expect(approvers.length > 0).toBe(needed > 0);
        if (needed > 0) expect(countApprovers(roster, name, approvers, NOW)).toBeGreaterThanOrEqual(needed);
      }),
      RUNS,
    );
  });

  it('grants whoever asks for fewer hosts no principal, and no fewer questions asked, than the larger request has', () => {
    fc.assert(
      fc.property(rosters, people, sudoRequests, fc.nat(), (roster, name, request, drop) => {
        const whole = decide(roster, name, request, NOW);
        if (whole.kind === 'denial') return;
        const { lifetime } = whole.terms;
        const part = decide(roster, name, { ...request, lifetime, hosts: without(request.hosts, drop) }, NOW);
        expect(part).toMatchObject({ kind: 'grant', terms: { lifetime } });
        if (part.kind === 'denial') return;
        expect(whole.terms.principals).toEqual(expect.arrayContaining([...part.terms.principals]));
        expect(part.approval.needed).toBeLessThanOrEqual(whole.approval.needed);
      }),
      RUNS,
    );
  });

  it('stays as it is for somebody who gets one more role, last', () => {
    fc.assert(
      fc.property(rosters, people, sudoRequests, fc.constantFrom(...ROLES), (roster, name, request, role) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'grant')
          expect(decide(withRole(roster, name, role), name, request, NOW)).toEqual(answer);
      }),
      RUNS,
    );
  });

  it('grants again what it granted, as long as the roster stays and the access lasts', () => {
    fc.assert(
      fc.property(rosters, people, sudoRequests, fc.nat({ max: 3600 }), (roster, name, request, later) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'denial') return;
        const lasts = (roster.people.get(name)?.until ?? Number.POSITIVE_INFINITY) > NOW + later;
        const again = decideAgain(roster, name, request, { terms: answer.terms, at: NOW }, NOW + later);
        expect(again.kind).toBe(lasts ? 'grant' : 'denial');
        if (again.kind === 'grant') expect(again).toEqual(answer);
      }),
      RUNS,
    );
  });
});

describe('accessOf', () => {
  it('tells the sudo that decide grants, and nothing exactly when it grants none', () => {
    fc.assert(
      fc.property(rosters, people, sudoRequests, (roster, name, request) => {
        const access = accessOf(roster, name, NOW);
        if (access?.sudo === undefined) {
          expect(decide(roster, name, request, NOW).kind).toBe('denial');
          return;
        }
        const { hosts, everywhere, defaultLifetime, maxLifetime, approvals } = access.sudo;
        const [login = ''] = access.logins;
        const asked = (lifetime: number, named: readonly string[]): SudoRequest => ({
          ...{ purpose: 'sudo', subject: SK, reason: 'x' },
          ...{ login, lifetime, hosts: named },
        });
        const all = hostsOf(roster, hosts, access.sudo.names);
        if (all.length > 0)
          for (const lifetime of [defaultLifetime, maxLifetime])
            expect(decide(roster, name, asked(lifetime, all), NOW)).toMatchObject({
              kind: 'grant',
              approval: { needed: approvals },
            });
        expect(decide(roster, name, asked(300, ['*']), NOW).kind).toBe(everywhere ? 'grant' : 'denial');
      }),
      RUNS,
    );
  });
});

describe('a decoy of sudo', () => {
  it('is the grant itself where there is one', () => {
    fc.assert(
      fc.property(rosters, people, sudoRequests, seeds, (roster, name, request, seed) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'grant') expect(shownGrant(roster, seed, name, request)).toEqual(answer);
      }),
      RUNS,
    );
  });

  it('has the principals and the lifetime that were asked for, and neither options nor extensions', () => {
    fc.assert(
      fc.property(
        rosters,
        fc.oneof(names, fc.string()),
        sudoRequests,
        seeds,
        (roster, name, request, seed) => {
          const { terms } = shownGrant(roster, seed, name, request);
          expect(terms).toEqual({
            principals: [
              request.login,
              ...request.hosts.map((host) => (host === '*' ? 'sudoer' : `sudoer@${host}`)),
            ],
            lifetime: request.lifetime ?? terms.lifetime,
            criticalOptions: [],
            extensions: [],
          });
        },
      ),
      RUNS,
    );
  });
});

it('a request for sudo that every roster refuses is refused before any roster is looked at', () => {
  fc.assert(
    fc.property(rosters, names, wildSudoRequests, (roster, name, request) => {
      const malformed = refuseMalformed(request);
      if (malformed !== undefined) expect(decide(roster, name, request, NOW)).toEqual(malformed);
    }),
    RUNS,
  );
});

/** The oracle: written from docs/roster.md, not from the code. The first role of the person that gives the host. */
function profileFor(roster: Roster, name: string, sudoName: string): SudoProfile | undefined {
  const profiles = (roster.people.get(name)?.roles ?? []).map((role) => roster.roles.get(role)?.sudo);
  const host = [...roster.hosts.values()].find((one) => one.sudoName === sudoName);
  return profiles.find((profile) => {
    if (profile === undefined) return false;
    if (sudoName === '*') return profile.everywhere;
    if (host === undefined) return false;
    const { hosts } = profile;
    return hosts === '*' || [host.name, ...host.groups].some((one) => hosts.has(one));
  });
}

function profilesFor(roster: Roster, name: string, { hosts }: SudoRequest): readonly SudoProfile[] {
  return hosts.map((host) => profileFor(roster, name, host)).filter((profile) => profile !== undefined);
}

function withRole(roster: Roster, name: string, role: string): Roster {
  const person = roster.people.get(name);
  if (person === undefined || person.roles.includes(role)) return roster;
  const changed: Person = { ...person, roles: [...person.roles, role] };
  return { ...roster, people: new Map([...roster.people, [name, changed]]) };
}

/** What a command makes of the names in `Access`. */
function hostsOf(
  roster: Roster,
  given: readonly string[],
  sudoNames: Readonly<Record<string, string>>,
): readonly string[] {
  const hosts = given.includes('*')
    ? [...roster.hosts.keys()]
    : given.flatMap((name) => roster.groups.get(name) ?? [name]);
  return [...new Set(hosts)].map((host) => sudoNames[host] ?? host);
}

function without(list: readonly string[], index: number): readonly string[] {
  return list.length === 1 ? list : list.toSpliced(index % list.length, 1);
}
