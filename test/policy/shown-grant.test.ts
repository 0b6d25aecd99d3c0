import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import type { LoginRequest } from '../../src/policy/decision.ts';
import { shownGrant } from '../../src/policy/shown-grant.ts';
import { asks, COMPANY, NOW, rosterOf } from './rosters.ts';

const roster = rosterOf(COMPANY);
const SEED = new Uint8Array(32).fill(7);
const OTHER_SEED = new Uint8Array(32).fill(8);
const strangers = Array.from({ length: 200 }, (_, index) => `stranger${index}`);

const decoy = (name: string, request: LoginRequest, seed: Uint8Array = SEED) =>
  shownGrant(roster, seed, name, request);

/** What a stranger could tell people apart by. */
const look = (name: string, request: LoginRequest, text = COMPANY) => {
  const { terms, touch } = shownGrant(rosterOf(text), SEED, name, request);
  return JSON.stringify({ ...terms, touch });
};

describe('a stranger', () => {
  it('gets the same answer each time', () => {
    expect(decoy('mallory', asks({}))).toEqual(decoy('mallory', asks({})));
  });

  it('gets mandates that some role has', () => {
    const looks = ['alice', 'bob', 'dave', 'erin'].flatMap((name) =>
      ['web1', 'db1', 'tokyo1'].map((host) => look(name, asks({ hosts: [host] }))),
    );
    for (const name of strangers) {
      const mandates = (text: string) => text.replace(/@\w+/, '');
      expect(looks.map(mandates)).toContain(mandates(look(name, asks({ hosts: ['web1'] }))));
    }
  });

  it('gets each role’s mandates sometimes, and which can not be told without the seed', () => {
    const lifetimes = (seed: Uint8Array) =>
      strangers.map((name) => decoy(name, asks({ hosts: ['db1'] }), seed).terms.lifetime);
    expect(new Set(lifetimes(SEED))).toEqual(new Set([28_800, 72_000, 3600]));
    expect(lifetimes(SEED)).not.toEqual(lifetimes(OTHER_SEED));
  });

  it('keeps the mandates when a list of roles comes or goes that is not picked for that name', () => {
    const more = COMPANY.replace(
      'people:\n',
      'people:\n  temp: { logins: [temp], roles: [short] }\n',
    ).replace('roles:\n', "roles:\n  short: { login: { hosts: '*', lifetime: 5m } }\n");
    const changed = strangers.filter((name) => look(name, asks({})) !== look(name, asks({}), more));
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThan(strangers.length / 3);
    for (const name of changed) expect(look(name, asks({}), more)).toContain('"lifetime":300');
  });

  it('keeps the mandates when somebody comes who has the roles of others', () => {
    const more = COMPANY.replace('people:\n', 'people:\n  temp: { logins: [temp], roles: [engineer] }\n');
    for (const name of strangers) expect(look(name, asks({}), more)).toBe(look(name, asks({})));
  });

  it('is shown mandates that vary with the host exactly as those of somebody do', () => {
    const hosts = ['web1', 'db1', 'tokyo1', 'none', '*'].map((host) => [host]);
    const variation = (name: string) =>
      JSON.stringify(
        [...hosts, ['web1', 'db1']].map((each) => ({
          ...decoy(name, asks({ hosts: each })),
          terms: { ...decoy(name, asks({ hosts: each })).terms, principals: [] },
        })),
      );
    const people = ['alice', 'bob', 'dave', 'erin', 'guest'].map(variation);
    const shown = strangers.slice(0, 40).map(variation);
    for (const one of shown) expect(people).toContain(one);
    expect(shown).toContain(variation('bob'));
    expect(new Set(shown).size).toBe(new Set(people).size);
    expect(strangers.slice(0, 40).map(variation)).toEqual(shown);
  });

  it('gets the profile’s defaults under a roster that lets nobody sign in', () => {
    const { terms, touch } = shownGrant(rosterOf('people: {}\nroles: {}'), SEED, 'mallory', asks({}));
    expect(terms).toEqual({
      principals: ['alice@web1'],
      lifetime: 72_000,
      criticalOptions: [],
      extensions: ['permit-agent-forwarding', 'permit-pty'],
    });
    expect(touch.userVerification).toBe(false);
  });
});

describe('somebody of the roster', () => {
  it('looks the same with a login that is not theirs', () => {
    const mine = decoy('bob', asks({ logins: ['bob'], hosts: ['web1'] }));
    const other = decoy('bob', asks({ logins: ['root'], hosts: ['web1'] }));
    expect({ ...other.terms, principals: [] }).toEqual({ ...mine.terms, principals: [] });
    expect(other.touch).toEqual(mine.touch);
  });

  it('looks the same at a host that is not theirs, or that is none', () => {
    const mandates = (host: string) => ({
      ...decoy('bob', asks({ logins: ['bob'], hosts: [host] })).terms,
      principals: [],
    });
    expect(mandates('tokyo1')).toEqual(mandates('web1'));
    expect(mandates('web9')).toEqual(mandates('web1'));
    expect(mandates('*')).toEqual(mandates('web1'));
  });

  it('looks the same before and after the access ended', () => {
    const request = asks({ logins: ['guest'], hosts: ['web1'] });
    const ended = COMPANY.replace('until: 2027-01-15T09:00:00Z', 'until: 2020-01-01T00:00:00Z');
    expect(decide(rosterOf(ended), 'guest', request, NOW)).toMatchObject({ code: 'person-expired' });
    expect(look('guest', request, ended)).toBe(look('guest', request));
  });

  it('looks like a stranger without any role to sign in with', () => {
    const gone = COMPANY.replace('  carol: { logins: [carol], roles: [auditor] }\n', '');
    expect(look('carol', asks({}))).toBe(look('carol', asks({}), gone));
  });

  it('gets an answer where the roles exclude each other', () => {
    const request = asks({ logins: ['dave'], hosts: ['web1', 'tokyo1'] });
    expect(decide(roster, 'dave', request, NOW)).toMatchObject({ code: 'conflicting-roles' });
    expect(decoy('dave', request).terms).toMatchObject({
      principals: ['dave@web1', 'dave@tokyo1'],
      criticalOptions: [{ name: 'source-address', value: '10.0.0.0/8,192.0.2.0/24' }],
    });
  });
});
