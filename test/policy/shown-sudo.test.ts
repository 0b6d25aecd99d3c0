import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import type { SudoRequest } from '../../src/policy/decision.ts';
import { shownGrant } from '../../src/policy/shown-grant.ts';
import { asks, NOW, rosterOf } from './rosters.ts';
import { asksSudo, SUDO_COMPANY, TOUCH_CA } from './sudo-rosters.ts';

const roster = rosterOf(SUDO_COMPANY);
const SEED = new Uint8Array(32).fill(7);
const strangers = Array.from({ length: 200 }, (_, index) => `stranger${index}`);

const shown = (name: string, request: SudoRequest, text = SUDO_COMPANY) =>
  shownGrant(rosterOf(text), SEED, name, request);

/** What decides the shape of the answer: how long, whose approval, what of the touch. */
const shape = (name: string, request: SudoRequest, text = SUDO_COMPANY) => {
  const { terms, touch, approval } = shown(name, request, text);
  return JSON.stringify([terms.lifetime, terms.criticalOptions, terms.extensions, touch, approval]);
};

describe('a stranger who asks for sudo', () => {
  it('is shown exactly the principals that were asked for', () => {
    const request = asksSudo({ login: 'root', hosts: ['web1', 'web9'] });
    expect(shown('mallory', request).terms.principals).toEqual(['root', 'sudoer@web1', 'sudoer@web9']);
    expect(shown('mallory', asksSudo({ hosts: ['*'] })).terms.principals).toEqual(['ann', 'sudoer']);
  });

  it('is shown approvals, lifetimes and touches that vary with the host exactly as those of somebody do', () => {
    const variation = (name: string) =>
      JSON.stringify(
        [['web1'], ['db1'], ['mail1'], ['web-2'], ['web9'], ['*'], ['web1', 'db1']].map((hosts) =>
          shape(name, asksSudo({ hosts })),
        ),
      );
    const people = ['ann', 'ben', 'eve', 'fay', 'gus'].map(variation);
    const seen = strangers.map(variation);
    for (const one of seen) expect(people).toContain(one);
    expect(new Set(seen)).toEqual(new Set(people));
  });

  it('is shown the roles of one person for sign-in and for sudo', () => {
    const text = `
people:
  a: { logins: [a], roles: [in1, root1] }
  b: { logins: [b], roles: [in2, root2] }
roles:
  in1: { login: { hosts: '*', lifetime: 1h } }
  in2: { login: { hosts: '*', lifetime: 2h } }
  root1: { sudo: { hosts: '*', lifetime: 10m } }
  root2: { sudo: { hosts: '*', lifetime: 20m } }
hosts: { web1: {} }`;
    const pair = (name: string) =>
      [asks({}), asksSudo({})]
        .map((request) => shownGrant(rosterOf(text), SEED, name, request).terms.lifetime)
        .join();
    expect(new Set(strangers.map(pair))).toEqual(new Set(['3600,600', '7200,1200']));
  });

  it('is shown the profile’s defaults under a roster without sudo', () => {
    const none = 'people: { a: { logins: [a], roles: [r] } }\nroles: { r: { login: { hosts: "*" } } }';
    expect(shown('mallory', asksSudo({}), none)).toEqual({
      kind: 'grant',
      terms: { principals: ['ann', 'sudoer@web1'], lifetime: 3600, criticalOptions: [], extensions: [] },
      touch: { userVerification: false, sameMachine: false, attestation: { required: false } },
      approval: { needed: 0, approvers: [] },
    });
  });
});

describe('somebody of the roster who asks for sudo', () => {
  it('is shown the grant itself', () => {
    const request = asksSudo({ login: 'ben', reason: 'x' });
    expect(shown('ben', request)).toEqual(decide(roster, 'ben', request, NOW));
  });

  it.each([
    ['a login of somebody else', { login: 'root' }],
    ['a host that is not theirs', { hosts: ['mail1'] }],
    ['a host that is none', { hosts: ['web9'] }],
    ['a group', { hosts: ['web'] }],
    ['every host', { hosts: ['*'] }],
    ['no reason', { reason: '' }],
  ])('looks the same with %s', (_, ask) => {
    const mine = asksSudo({ login: 'ben', reason: 'x' });
    expect(decide(roster, 'ben', { ...mine, ...ask }, NOW).kind).toBe('denial');
    expect(shape('ben', { ...mine, ...ask })).toBe(shape('ben', mine));
  });

  it('looks the same after the access ended', () => {
    const ended = SUDO_COMPANY.replace('until: 2027-01-15T09:00:00Z', 'until: 2020-01-01T00:00:00Z');
    const request = asksSudo({ login: 'guest' });
    expect(decide(rosterOf(ended), 'guest', request, NOW)).toMatchObject({ code: 'person-expired' });
    expect(shape('guest', request, ended)).toBe(shape('guest', request));
  });

  it('looks like a stranger without any role that gives something', () => {
    const gone = SUDO_COMPANY.replace('  nobody: { logins: [nobody], roles: [] }\n', '');
    expect(shape('nobody', asksSudo({}))).toBe(shape('nobody', asksSudo({}), gone));
  });

  it('gets an answer where the roles exclude each other', () => {
    const request = asksSudo({ login: 'fay', hosts: ['mail1', 'db1'] });
    expect(shown('fay', request).approval).toEqual({ needed: 1, approvers: ['security'] });
  });

  it('is shown somebody’s sudo when it has none, so that this can not be told either', () => {
    const needed = strangers.map((name) => {
      const text = TOUCH_CA.replace(
        'people:\n',
        `people:\n  ${name}: { logins: [x], roles: [in] }\n`,
      ).replace('roles:\n', "roles:\n  in: { login: { hosts: '*' } }\n");
      return shown(name, asksSudo({}), text).approval.needed;
    });
    expect(new Set(needed)).toEqual(new Set([1]));
  });
});
