import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideAct, rightOf } from '../../src/policy/decide-act.ts';
import { DENIAL_CODES } from '../../src/policy/decision.ts';
import type { Act } from '../../src/ssh/act.ts';
import { ACT_KINDS, TARGET_KINDS } from '../../src/ssh/act.ts';
import { names, RUNS, rosters } from './arbitraries.ts';
import { NOW, rosterOf } from './rosters.ts';

const KEY = `SHA256:${'A'.repeat(43)}`;

const INVITE: Act = { kind: 'invite-host', host: 'web1', tokenHash: new Uint8Array(32) };
const REVOKE: Act = { kind: 'revoke', target: { kind: 'serial', name: '7' }, reason: 'lost' };

const CA_ACTS: readonly Act[] = [
  { kind: 'stage-ca', purpose: 'login', key: '' },
  { kind: 'activate-ca', purpose: 'login', key: KEY, evenWithout: [] },
  { kind: 'retire-ca', purpose: 'login', key: KEY },
  { kind: 'revoke-ca', purpose: 'login', key: KEY, reason: 'stolen' },
];

/** The end of `guest` is an hour after `NOW`. */
const roster = rosterOf(`
people:
  helen: { logins: [helen], roles: [hosting] }
  rita: { logins: [rita], roles: [desk] }
  cat: { logins: [cat], roles: [strict, lax] }
  tom: { logins: [tom], roles: [lax, strict] }
  root2: { logins: [root2], roles: [engineer] }
  guest: { logins: [guest], roles: [strict], until: 2027-01-15T09:00:00Z }
roles:
  hosting: { manage: [hosts] }
  desk: { manage: [revoke], touch: { same_machine: true } }
  strict: { manage: [ca], touch: { user_verification: required } }
  lax: { manage: [hosts, ca] }
  engineer: { login: { hosts: '*' }, sudo: { hosts: '*', everywhere: true } }
hosts:
  web1: { names: [www.example.org], groups: [web] }
`);

function answer(person: string, act: Act, now = NOW): string {
  const decision = decideAct(roster, person, act, now);
  return decision.kind === 'denial' ? decision.code : 'granted';
}

function revokes(kind: (typeof TARGET_KINDS)[number], name: string): Act {
  return { kind: 'revoke', target: { kind, name }, reason: 'lost' };
}

describe('decideAct refuses', () => {
  it('whom the roster does not know', () => {
    expect(answer('mallory', INVITE)).toBe('unknown-person');
    expect(answer('mallory', revokes('person', 'mallory'))).toBe('unknown-person');
    expect(answer('__proto__', INVITE)).toBe('unknown-person');
  });

  it('whose access has ended, from that second on', () => {
    const until = roster.people.get('guest')?.until ?? 0;
    for (const act of CA_ACTS) {
      expect(answer('guest', act, until - 1)).toBe('granted');
      expect(answer('guest', act, until)).toBe('person-expired');
    }
    expect(answer('guest', revokes('person', 'guest'), until)).toBe('person-expired');
  });

  it.each([INVITE, REVOKE, ...CA_ACTS])('$kind by anybody without the right', (act) => {
    const right = rightOf(act);
    for (const { name, roles } of roster.people.values()) {
      const has = roles.some((role) => roster.roles.get(role)?.manage.has(right));
      expect(answer(name, act)).toBe(has ? 'granted' : 'right-missing');
    }
  });

  it('who may sign in and be root everywhere, but has no right', () => {
    for (const act of [INVITE, REVOKE, ...CA_ACTS]) expect(answer('root2', act)).toBe('right-missing');
  });

  it('to invite what is no host: a group, a name that clients use, a stranger', () => {
    for (const host of ['web', 'www.example.org', 'web9', '*', '__proto__'])
      expect(answer('helen', { ...INVITE, host })).toBe('host-unknown');
  });

  it('to say who has no right which hosts there are', () => {
    expect(answer('rita', { ...INVITE, host: 'web9' })).toBe('right-missing');
  });

  it('to revoke anything but oneself without the right', () => {
    expect(answer('helen', revokes('person', 'rita'))).toBe('right-missing');
    for (const kind of TARGET_KINDS.filter((each) => each !== 'person'))
      expect(answer('helen', revokes(kind, 'helen'))).toBe('right-missing');
  });
});

describe('decideAct grants', () => {
  it('with the touch that the first of the person’s roles with the right asks for', () => {
    const [stage] = CA_ACTS;
    if (stage === undefined) throw new TypeError('no act');
    expect(decideAct(roster, 'cat', stage, NOW)).toMatchObject({ touch: { userVerification: true } });
    expect(decideAct(roster, 'tom', stage, NOW)).toMatchObject({ touch: { userVerification: false } });
    expect(decideAct(roster, 'cat', INVITE, NOW)).toMatchObject({ touch: { userVerification: false } });
    expect(decideAct(roster, 'rita', REVOKE, NOW)).toMatchObject({ touch: { sameMachine: true } });
  });

  it('everybody to revoke themselves with any touch', () => {
    const touch = { userVerification: false, sameMachine: false, attestation: { required: false } };
    for (const name of roster.people.keys())
      expect(decideAct(roster, name, revokes('person', name), NOW)).toEqual({ kind: 'grant', touch });
  });
});

it('decideAct answers every name and every act, and grants nothing without a role that has the right', () => {
  const acts: fc.Arbitrary<Act> = fc.oneof(
    fc.constantFrom(INVITE, REVOKE, ...CA_ACTS),
    fc.oneof(names, fc.constantFrom('h1', 'g1', 's2')).map((host) => ({ ...INVITE, host })),
    fc.tuple(fc.constantFrom(...TARGET_KINDS), names).map(([kind, name]) => revokes(kind, name)),
  );
  fc.assert(
    fc.property(rosters, fc.oneof(names, fc.string()), acts, (any, name, act) => {
      const decision = decideAct(any, name, act, NOW);
      if (decision.kind === 'denial') {
        expect(DENIAL_CODES).toContain(decision.code);
        return;
      }
      const isOwn = act.kind === 'revoke' && act.target.kind === 'person' && act.target.name === name;
      const roles = any.people.get(name)?.roles ?? [];
      expect(isOwn || roles.some((role) => any.roles.get(role)?.manage.has(rightOf(act)))).toBe(true);
    }),
    RUNS,
  );
});

it('every act takes a right', () => {
  expect(ACT_KINDS.map((kind) => rightOf({ kind }))).toEqual(['hosts', 'revoke', 'ca', 'ca', 'ca', 'ca']);
});
