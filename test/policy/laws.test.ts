/** What holds for every roster, person and request. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessOf } from '../../src/policy/access.ts';
import { mayApproveAnything } from '../../src/policy/approve.ts';
import { decide, decideAgain } from '../../src/policy/decide.ts';
import { mayInspect } from '../../src/policy/decide-act.ts';
import { DENIAL_CODES } from '../../src/policy/decision.ts';
import { refuseMalformed } from '../../src/policy/malformed.ts';
import type { Roster } from '../../src/policy/roster.ts';
import { shownGrant } from '../../src/policy/shown-grant.ts';
import { names, RUNS, requests, rosters, toRequest, wildRequests } from './arbitraries.ts';
import { NOW } from './rosters.ts';

describe('decide', () => {
  it('answers every name and every request', () => {
    fc.assert(
      fc.property(
        rosters,
        fc.oneof(names, fc.string()),
        fc.oneof(requests, wildRequests),
        (roster, name, request) => {
          const answer = decide(roster, name, request, NOW);
          if (answer.kind === 'denial') expect(DENIAL_CODES).toContain(answer.code);
        },
      ),
      RUNS,
    );
  });

  it('grants exactly the principals that were asked for, each of a login and a host of the person', () => {
    let granted = 0;
    fc.assert(
      fc.property(rosters, names, requests, (roster, name, request) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'denial') return;
        granted++;
        const asked = request.logins.flatMap((one) =>
          request.hosts.map((host) => (host === '*' ? one : `${one}@${host}`)),
        );
        expect(answer.terms.principals).toEqual(asked);
        for (const principal of asked) expect(mayHave(roster, name, principal)).toBe(true);
      }),
      RUNS,
    );
    expect(granted).toBeGreaterThan(5);
  });

  it('grants no lifetime beyond what was asked for, what each role allows, a day, and the end of the access', () => {
    fc.assert(
      fc.property(rosters, names, requests, (roster, name, request) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'denial') return;
        const { lifetime } = answer.terms;
        expect(lifetime).toBe(request.lifetime ?? lifetime);
        expect(lifetime).toBeLessThanOrEqual(86_400);
        expect(NOW + lifetime).toBeLessThanOrEqual(
          roster.people.get(name)?.until ?? Number.POSITIVE_INFINITY,
        );
        expect(lifetime).toBeLessThanOrEqual(
          Math.max(...rolesOf(roster, name).map(({ maxLifetime }) => maxLifetime)),
        );
      }),
      RUNS,
    );
  });

  it('grants whoever asks for fewer logins, hosts or seconds no principal, and no second, that the larger request lacks', () => {
    fc.assert(
      fc.property(
        rosters,
        names,
        requests,
        fc.nat(),
        fc.nat(),
        (roster, name, request, dropLogin, dropHost) => {
          const whole = decide(roster, name, request, NOW);
          if (whole.kind === 'denial') return;
          const less = {
            ...request,
            logins: without(request.logins, dropLogin),
            hosts: without(request.hosts, dropHost),
            lifetime: whole.terms.lifetime,
          };
          const part = decide(roster, name, less, NOW);
          expect(part).toMatchObject({ kind: 'grant', terms: { lifetime: whole.terms.lifetime } });
          if (part.kind === 'grant')
            expect(whole.terms.principals).toEqual(expect.arrayContaining([...part.terms.principals]));
        },
      ),
      RUNS,
    );
  });

  it('never lets a list of source addresses become empty', () => {
    fc.assert(
      fc.property(rosters, names, requests, (roster, name, request) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'grant')
          for (const option of answer.terms.criticalOptions) expect(option.value).not.toBe('');
      }),
      RUNS,
    );
  });

  it('grants again what it granted, as long as the roster stays and the access lasts', () => {
    fc.assert(
      fc.property(
        rosters,
        names,
        requests,
        fc.integer({ min: 0, max: 3600 }),
        (roster, name, request, later) => {
          const answer = decide(roster, name, request, NOW);
          if (answer.kind === 'denial') return;
          const lasts = (roster.people.get(name)?.until ?? Number.POSITIVE_INFINITY) > NOW + later;
          const again = decideAgain(roster, name, request, { terms: answer.terms, at: NOW }, NOW + later);
          expect(again.kind).toBe(lasts ? 'grant' : 'denial');
        },
      ),
      RUNS,
    );
  });
});

describe('accessOf', () => {
  it('is what decide grants as a whole, and nothing exactly when it grants nothing', () => {
    fc.assert(
      fc.property(rosters, names, requests, (roster, name, request) => {
        const access = accessOf(roster, name, NOW);
        if (access === undefined) {
          expect(decide(roster, name, request, NOW).kind).toBe('denial');
          return;
        }
        const { logins, hosts, defaultLifetime, maxLifetime } = access;
        if (hosts.length === 0) {
          expect(
            access.sudo !== undefined || mayInspect(roster, name) || mayApproveAnything(roster, name, NOW),
          ).toBe(true);
          expect(decide(roster, name, request, NOW).kind).toBe('denial');
          return;
        }
        for (const lifetime of [defaultLifetime, maxLifetime])
          expect(decide(roster, name, toRequest({ logins, hosts, lifetime }), NOW).kind).toBe('grant');
      }),
      RUNS,
    );
  });
});

describe('a decoy', () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it('is the grant itself where there is one', () => {
    fc.assert(
      fc.property(rosters, names, requests, seeds, (roster, name, request, seed) => {
        const answer = decide(roster, name, request, NOW);
        if (answer.kind === 'grant') expect(shownGrant(roster, seed, name, request)).toEqual(answer);
      }),
      RUNS,
    );
  });

  it('has the principals and the lifetime that were asked for, whoever asks', () => {
    fc.assert(
      fc.property(rosters, fc.oneof(names, fc.string()), requests, seeds, (roster, name, request, seed) => {
        const { terms } = shownGrant(roster, seed, name, request);
        expect(terms.principals).toEqual(
          request.logins.flatMap((one) =>
            request.hosts.map((host) => (host === '*' ? one : `${one}@${host}`)),
          ),
        );
        expect(terms.lifetime).toBe(request.lifetime ?? terms.lifetime);
      }),
      RUNS,
    );
  });
});

it('a request that every roster refuses is refused before any roster is looked at', () => {
  fc.assert(
    fc.property(rosters, names, wildRequests, (roster, name, request) => {
      const malformed = refuseMalformed(request);
      if (malformed !== undefined) expect(decide(roster, name, request, NOW)).toEqual(malformed);
    }),
    RUNS,
  );
});

/** The oracle: written from docs/roster.md, not from the code. */
function mayHave(roster: Roster, name: string, principal: string): boolean {
  const [account = '', host] = principal.split('@');
  const person = roster.people.get(name);
  if (person === undefined || !person.logins.includes(account)) return false;
  return rolesOf(roster, name).some(({ hosts }) => {
    if (hosts === '*') return true;
    if (host === undefined) return false;
    const groups = [...roster.groups].filter(([, members]) => members.includes(host)).map(([group]) => group);
    return [host, ...groups].some((one) => hosts.has(one));
  });
}

function rolesOf(roster: Roster, name: string) {
  const roles = roster.people.get(name)?.roles ?? [];
  return roles.map((role) => roster.roles.get(role)?.login).filter((profile) => profile !== undefined);
}

function without(list: readonly string[], index: number): readonly string[] {
  return list.length === 1 ? list : list.toSpliced(index % list.length, 1);
}
