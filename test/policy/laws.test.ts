/** What holds for every roster, person and request. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessOf } from '../../src/policy/access.ts';
import { decide, decideAgain } from '../../src/policy/decide.ts';
import type { LoginRequest } from '../../src/policy/decision.ts';
import { DENIAL_CODES } from '../../src/policy/decision.ts';
import { refuseMalformed } from '../../src/policy/malformed.ts';
import { parseRoster } from '../../src/policy/parse.ts';
import type { Roster } from '../../src/policy/roster.ts';
import { shownGrant } from '../../src/policy/shown-grant.ts';
import { NOW, SUBJECT } from './rosters.ts';

const LOGINS = ['ann', 'ben', 'root'];
const PEOPLE = ['ann', 'ben', 'cy'];
const ROLES = ['r1', 'r2', 'r3'];
const HOSTS = ['h1', 'h2', 'h3'];
const GROUPS = ['g1', 'g2'];

const some = <T>(from: readonly T[], minLength = 0): fc.Arbitrary<readonly T[]> =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength });
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const login = fc.record({
  hosts: fc.oneof(fc.constant('*'), some([...HOSTS, ...GROUPS], 1)),
  lifetime: maybe(fc.constantFrom('5m', '1h')),
  max_lifetime: maybe(fc.constantFrom('2h', '1d')),
  source_addresses: maybe(some(['10.0.0.0/8', '10.1.0.0/16', '192.0.2.0/24', '::/0'], 1)),
  extensions: maybe(some(['permit-pty', 'permit-agent-forwarding', 'permit-X11-forwarding'])),
});

const touch = fc.record({
  user_verification: maybe(fc.constantFrom('required', 'preferred')),
  same_machine: maybe(fc.boolean()),
});

const person = fc.record({
  logins: some(LOGINS, 1),
  roles: some(ROLES),
  until: maybe(fc.constantFrom('2027-01-15T07:00:00Z', '2027-01-15T08:30:00Z', '2028-01-01T00:00:00Z')),
});

const entries = <T>(names: readonly string[], entry: fc.Arbitrary<T>) =>
  fc
    .tuple(...names.map(() => entry))
    .map((list) => Object.fromEntries(names.map((name, index) => [name, list[index]])));

const rosters: fc.Arbitrary<Roster> = fc
  .record({
    people: entries(PEOPLE, person),
    roles: entries(ROLES, fc.record({ login: maybe(login), touch: maybe(touch) })),
    hosts: fc
      .tuple(some(GROUPS), some(GROUPS))
      .map(([a, b]) => ({ h1: { groups: a }, h2: { groups: b }, h3: { groups: GROUPS } })),
  })
  .map((file) => parseRoster(JSON.stringify(file)).roster)
  .filter((roster) => roster !== undefined);

const names = fc.constantFrom(...PEOPLE, 'mallory', '__proto__', 'toString');

const requests: fc.Arbitrary<LoginRequest> = fc
  .record({
    logins: some(LOGINS, 1),
    hosts: fc.oneof(fc.constant<readonly string[]>(['*']), some([...HOSTS, ...GROUPS], 1)),
    lifetime: maybe(fc.constantFrom(300, 1800, 3600, 7200, 86_400)),
  })
  .map(toRequest);

const wildRequests: fc.Arbitrary<LoginRequest> = fc
  .record({
    logins: fc.array(fc.oneof(fc.string(), fc.constantFrom(...LOGINS, '*'))),
    hosts: fc.array(fc.oneof(fc.string(), fc.constantFrom(...HOSTS, '*'))),
    lifetime: maybe(fc.oneof(fc.double(), fc.integer())),
  })
  .map(toRequest);

interface Ask {
  readonly logins: readonly string[];
  readonly hosts: readonly string[];
  readonly lifetime: number | undefined;
}

function toRequest({ logins, hosts, lifetime }: Ask): LoginRequest {
  const request = { purpose: 'login', subject: SUBJECT, logins, hosts } as const;
  return lifetime === undefined ? request : { ...request, lifetime };
}

/** A third of the requests or so are granted: enough of them that a law about grants means something. */
const RUNS = { numRuns: 100 };

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
