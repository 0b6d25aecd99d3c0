import { describe, expect, it } from 'vitest';
import { decide, decideAgain } from '../../src/policy/decide.ts';
import type { DenialCode, Grant, SudoRequest } from '../../src/policy/decision.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { NOW, OTHER_SK_LINE, rosterOf, SK_ECDSA_LINE, SK_LINE, underApplication } from './rosters.ts';
import { asksSudo, SUDO_COMPANY, TOUCH_CA } from './sudo-rosters.ts';

const roster = rosterOf(SUDO_COMPANY);
const SK = parsePublicKeyLine(SK_LINE).key;
// ssh-keygen -t rsa -b 3072 -N ''
const RSA_LINE =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQDEwHjZefl2HRDqfH40IIb+DAvpAnGW7HxMILxp/p/LTlD7Y/isJWUrzL6zcYCYs3RUoAlY6OJUrBbykKCN/B8BYoPMnTxXoGldjvq0WM9oI8YleA8oWFNOzGM1UxzX+Rn2wMuZahmcJnEXZH7Bw1eCNCq/qiG1LlS5UgqD1fZkEjgffmxFBO23SlDbxrgTjOv00bE+pJJKV5q+tmF35ZyWqRfVtUN9xSF3DD0Wqd7uCO4DMEKtXh98LUZ+8NhFubxCrhP4ZvNLeGflN28TefzB8pXhw+szd52TRyZSek9DLHfplsf1Hvu8h+4RpXaBNZasfoqZumMn+y7V7brEHsb+xQgdQtmHIeQ9Zno0dmIXc7ywKGucLisKB+B8nUN/l9n4Saolh/SG11lf2fGJ3BPNzMBGmnlf5dirxrQyGn+vccmrm17D1YFttuLv7RwC18Cg8rHgkTlqVWnPiqVcX/zwBar4sjP5f6uZ6ENIXghVELZn7WuDh3CF5L5cQX9Lys0= r1';

function grantFor(person: string, request: SudoRequest, text = SUDO_COMPANY): Grant {
  const decision = decide(rosterOf(text), person, request, NOW);
  if (decision.kind === 'denial') throw new Error(`denied: ${decision.code}: ${decision.reason}`);
  return decision;
}

function codeFor(person: string, request: SudoRequest, now = NOW): DenialCode | 'granted' {
  const decision = decide(roster, person, request, now);
  return decision.kind === 'denial' ? decision.code : 'granted';
}

interface Refusal {
  readonly when: string;
  readonly person?: string;
  readonly ask: Partial<SudoRequest>;
  readonly code: DenialCode;
  readonly reason?: RegExp;
}

const many = Array.from({ length: 256 }, (_, index) => `host${index}`);

const REFUSALS: readonly Refusal[] = [
  { when: 'no host is asked for', ask: { hosts: [] }, code: 'malformed-request' },
  { when: 'a host is asked for twice', ask: { hosts: ['web1', 'web1'] }, code: 'malformed-request' },
  { when: 'no login is named', ask: { login: '' }, code: 'malformed-request' },
  { when: 'the login holds a comma', ask: { login: 'ann,root' }, code: 'malformed-request' },
  { when: 'the login is the principal of sudo', ask: { login: 'sudoer' }, code: 'malformed-request' },
  {
    when: 'the login looks like the principal of sudo at a host',
    ask: { login: 'sudoer@web1' },
    code: 'malformed-request',
  },
  { when: 'the login is the account of builders', ask: { login: 'nix-builder' }, code: 'malformed-request' },
  { when: 'a host holds an @', ask: { hosts: ['web1@x'] }, code: 'malformed-request' },
  { when: 'a host holds a blank', ask: { hosts: ['web1 db1'] }, code: 'malformed-request' },
  { when: 'a host is in upper case', ask: { hosts: ['WEB1'] }, code: 'malformed-request' },
  { when: '"*" stands beside a host', ask: { hosts: ['*', 'web1'] }, code: 'malformed-request' },
  { when: 'the login and 256 hosts are asked for', ask: { hosts: many }, code: 'too-many-principals' },
  {
    when: 'the key is RSA, which would answer with SHA-1',
    ask: { subject: parsePublicKeyLine(RSA_LINE).key },
    code: 'malformed-request',
    reason: /SHA-1/,
  },
  { when: 'the reason holds a line break', ask: { reason: 'a\nb' }, code: 'malformed-request' },
  { when: 'the reason ends in a line break', ask: { reason: 'a\n' }, code: 'malformed-request' },
  { when: 'the reason is not ASCII', ask: { reason: 'für' }, code: 'malformed-request' },
  { when: 'the reason turns the direction of text', ask: { reason: 'a\u202eb' }, code: 'malformed-request' },
  { when: 'the reason begins with a blank', ask: { reason: ' a' }, code: 'malformed-request' },
  { when: 'the reason ends with a blank', ask: { reason: 'a ' }, code: 'malformed-request' },
  { when: 'the reason is a blank', ask: { reason: ' ' }, code: 'malformed-request' },
  { when: 'the reason has 201 characters', ask: { reason: 'a'.repeat(201) }, code: 'malformed-request' },
  { when: 'a lifetime has a fraction', ask: { lifetime: 600.5 }, code: 'malformed-request' },
  { when: 'a lifetime is below five minutes', ask: { lifetime: 299 }, code: 'lifetime-too-short' },
  {
    when: 'a lifetime is beyond a day, whoever asks',
    person: 'mallory',
    ask: { lifetime: 86_401 },
    code: 'lifetime-too-long',
  },
  { when: 'a lifetime is beyond that of the role', ask: { lifetime: 14_401 }, code: 'lifetime-too-long' },
  {
    when: 'the access would end before the certificate',
    person: 'guest',
    ask: { login: 'guest', lifetime: 3601 },
    code: 'lifetime-too-long',
  },
  { when: 'nobody has this name', person: 'mallory', ask: {}, code: 'unknown-person' },
  { when: 'the access has ended', person: 'former', ask: { login: 'former' }, code: 'person-expired' },
  {
    when: 'the only role is to sign in with',
    person: 'carol',
    ask: { login: 'carol' },
    code: 'no-role',
    reason: /sudo/,
  },
  { when: 'the person has no role at all', person: 'nobody', ask: { login: 'nobody' }, code: 'no-role' },
  { when: 'the login is somebody else’s', ask: { login: 'ben' }, code: 'login-not-allowed' },
  { when: 'the login is root', ask: { login: 'root' }, code: 'login-not-allowed' },
  { when: 'no host has this name', ask: { hosts: ['web1', 'web9'] }, code: 'host-unknown' },
  { when: 'a group is no host', ask: { hosts: ['web'] }, code: 'host-unknown', reason: /name its hosts/ },
  {
    when: 'a client’s name for a host is no host',
    ask: { hosts: ['web1.example.org'] },
    code: 'host-unknown',
  },
  {
    when: 'a host is called otherwise for sudo',
    ask: { hosts: ['web2'] },
    code: 'host-unknown',
    reason: /web-2/,
  },
  {
    when: 'the role to sign in with gives every host, and that for sudo does not',
    ask: { hosts: ['mail1'] },
    code: 'host-not-allowed',
  },
  {
    when: 'hosts are given, but not the principal of every host',
    ask: { hosts: ['*'] },
    code: 'host-not-allowed',
  },
  {
    when: 'the principal of every host is given, but not this host',
    person: 'gus',
    ask: { login: 'gus', hosts: ['db1'] },
    code: 'host-not-allowed',
  },
  {
    when: 'the role wants a reason',
    person: 'ben',
    ask: { login: 'ben' },
    code: 'reason-required',
  },
  {
    when: 'the role certifies security keys only',
    person: 'fay',
    ask: { login: 'fay', hosts: ['db1'] },
    code: 'key-not-allowed',
  },
  {
    when: 'two roles have no approver in common',
    person: 'fay',
    ask: { login: 'fay', hosts: ['db1', 'mail1'], subject: SK },
    code: 'conflicting-roles',
    reason: /database and mail allow excludes/,
  },
];

describe('decide refuses sudo', () => {
  it.each(REFUSALS)('when $when', ({ person = 'ann', ask, code, reason = /./ }) => {
    expect(decide(roster, person, asksSudo(ask), NOW)).toMatchObject({
      code,
      reason: expect.stringMatching(reason),
    });
  });

  it('when the access has ended, from that second on', () => {
    const request = asksSudo({ login: 'guest', lifetime: 300 });
    const until = roster.people.get('guest')?.until ?? 0;
    expect(codeFor('guest', request, until - 300)).toBe('granted');
    expect(codeFor('guest', request, until)).toBe('person-expired');
  });

  it('a key that is a credential, under whatever application', () => {
    const text = SUDO_COMPANY.replace('roles: [signer]', `roles: [signer], security_keys: ['${SK_LINE}']`);
    for (const line of [SK_LINE, underApplication(SK_LINE, 'ssh:other')]) {
      const request = asksSudo({ subject: parsePublicKeyLine(line).key });
      expect(decide(rosterOf(text), 'ann', request, NOW)).toMatchObject({ code: 'key-has-role' });
    }
  });

  it.each(['login', 'sudo'] as const)('a CA key of sudo as the key of a certificate for %s', (purpose) => {
    const subject = parsePublicKeyLine(underApplication(OTHER_SK_LINE, 'ssh:other')).key;
    const request =
      purpose === 'sudo' ? asksSudo({ subject }) : { purpose, subject, logins: ['ann'], hosts: ['web1'] };
    expect(decide(rosterOf(TOUCH_CA), 'ann', request, NOW)).toMatchObject({ code: 'key-has-role' });
  });

  it('what several roles ask, when too few people are approvers of all of them', () => {
    // Alone, each role has two; those of both roles are carol alone.
    const text = `
people:
  ann: { logins: [ann], roles: [r1, r2] }
  ben: { logins: [ben], roles: [x] }
  carol: { logins: [carol], roles: [x, y, z] }
  dan: { logins: [dan], roles: [z] }
roles:
  r1: { sudo: { hosts: [h1], approvals: 2, approvers: [x, y] } }
  r2: { sudo: { hosts: [h2], approvals: 1, approvers: [y, z] } }
  x: {}
  y: {}
  z: {}
hosts: { h1: {}, h2: {} }`;
    const at = (...hosts: string[]) => decide(rosterOf(text), 'ann', asksSudo({ hosts }), NOW);
    expect(at('h1')).toMatchObject({ approval: { needed: 2, approvers: ['x', 'y'] } });
    expect(at('h2')).toMatchObject({ approval: { needed: 1 } });
    expect(at('h1', 'h2')).toMatchObject({
      code: 'conflicting-roles',
      reason:
        'this takes the approval of 2 other people, and 1 may give it: ask for the hosts one after the other',
    });
  });

  it('what nobody can approve any more', () => {
    const text = SUDO_COMPANY.replace('roles: [lead] }', 'roles: [lead], until: 2027-01-15T08:00:01Z }');
    const request = asksSudo({ login: 'ben', hosts: ['db1'], subject: SK });
    expect(decide(rosterOf(text), 'ben', request, NOW)).toMatchObject({ kind: 'grant' });
    expect(decide(rosterOf(text), 'ben', request, NOW + 1)).toMatchObject({ code: 'conflicting-roles' });
  });

  it('what only people without a CA key could approve where such keys sign', () => {
    const text = TOUCH_CA.replace('people:\n', 'people:\n  hal: { logins: [hal], roles: [lead] }\n');
    const request = asksSudo({ login: 'dan' });
    const until = rosterOf(text).people.get('carol')?.until ?? 0;
    expect(decide(rosterOf(text), 'dan', request, until - 1)).toMatchObject({ kind: 'grant' });
    expect(decide(rosterOf(text), 'dan', request, until)).toMatchObject({ code: 'conflicting-roles' });
  });
});

describe('decide grants sudo', () => {
  it('with the login first and then each host, without options and extensions', () => {
    const { terms } = grantFor('ann', asksSudo({ login: 'deploy', hosts: ['web-2', 'web1', 'db1'] }));
    expect(terms).toEqual({
      principals: ['deploy', 'sudoer@web-2', 'sudoer@web1', 'sudoer@db1'],
      lifetime: 1800,
      criticalOptions: [],
      extensions: [],
    });
  });

  it('for every host at once where a role says so', () => {
    const { terms } = grantFor('eve', asksSudo({ login: 'eve', hosts: ['*'] }));
    expect(terms.principals).toEqual(['eve', 'sudoer']);
    expect(terms.lifetime).toBe(300);
  });

  it('at each host of the roster where a role says "*"', () => {
    const { terms } = grantFor('eve', asksSudo({ login: 'eve', hosts: ['mail1', 'web-2'] }));
    expect(terms.principals).toEqual(['eve', 'sudoer@mail1', 'sudoer@web-2']);
  });

  it('the lifetime that was asked for', () => {
    expect(grantFor('ann', asksSudo({ lifetime: 14_400 })).terms.lifetime).toBe(14_400);
  });

  it('without approval where none is asked', () => {
    expect(grantFor('ann', asksSudo({})).approval).toEqual({ needed: 0, approvers: [] });
  });

  it('to security keys, and to ECDSA keys where any key will do', () => {
    const ask = { login: 'fay', hosts: ['db1'] };
    expect(grantFor('fay', asksSudo({ ...ask, subject: SK })).approval.needed).toBe(2);
    const subject = parsePublicKeyLine(SK_ECDSA_LINE).key;
    expect(grantFor('ann', asksSudo({ subject })).kind).toBe('grant');
  });

  it('with a reason of 200 characters', () => {
    const reason = `!${' '.repeat(198)}~`;
    expect(grantFor('ben', asksSudo({ login: 'ben', reason })).kind).toBe('grant');
  });

  it('up to 255 hosts', () => {
    const hosts = many.slice(0, 255);
    const text = `{people: {ann: {logins: [ann], roles: [r]}}, roles: {r: {sudo: {hosts: '*'}}}, hosts: {${hosts.map((host) => `${host}: {}`).join(', ')}}}`;
    expect(grantFor('ann', asksSudo({ hosts }), text).terms.principals.length).toBe(256);
  });

  it('of several roles the strictest of each rule', () => {
    const ask = { login: 'ben', hosts: ['web1', 'db1'], subject: SK, reason: 'INC-7' };
    const grant = grantFor('ben', asksSudo(ask));
    expect(grant).toEqual({
      kind: 'grant',
      terms: {
        principals: ['ben', 'sudoer@web1', 'sudoer@db1'],
        lifetime: 3600,
        criticalOptions: [],
        extensions: [],
      },
      touch: { userVerification: true, sameMachine: true, attestation: { required: false } },
      approval: { needed: 2, approvers: ['lead'] },
    });
    expect(codeFor('ben', asksSudo({ ...ask, reason: '' }))).toBe('reason-required');
    expect(codeFor('ben', asksSudo({ ...ask, subject: asksSudo({}).subject }))).toBe('key-not-allowed');
    expect(codeFor('ben', asksSudo({ ...ask, lifetime: 3601 }))).toBe('lifetime-too-long');
  });

  it('by the first role that gives the host, in the order of the person’s roles', () => {
    const text = (roles: string) =>
      SUDO_COMPANY.replace('logins: [ben], roles: [web, database]', `logins: [ben], roles: [${roles}]`);
    const needed = (roles: string) =>
      grantFor('ben', asksSudo({ login: 'ben', reason: 'x' }), text(roles)).approval.needed;
    expect(needed('web, operator')).toBe(1);
    expect(needed('operator, web')).toBe(0);
  });
});

describe('a second look at a draft for sudo', () => {
  const request = asksSudo({ hosts: ['web1', 'web-2'] });
  const drafted = { terms: grantFor('ann', request).terms, at: NOW };
  const again = (from: string, to: string, now = NOW + 60) => {
    expect(SUDO_COMPANY).toContain(from);
    return decideAgain(rosterOf(SUDO_COMPANY.replace(from, to)), 'ann', request, drafted, now);
  };

  it('grants as long as nothing changed', () => {
    expect(decideAgain(roster, 'ann', request, drafted, NOW + 900)).toMatchObject({ kind: 'grant' });
  });

  it('tells of approvals that it did not take when it was drafted', () => {
    const approved = again('[web, db1], lifetime', '[web, db1], approvals: 1, approvers: [lead], lifetime');
    expect(approved).toMatchObject({ kind: 'grant', approval: { needed: 1, approvers: ['lead'] } });
  });

  it.each([
    ['a host is called otherwise', 'sudo_name: web-2', 'sudo_name: web-two', 'host-unknown'],
    ['the host was taken from the role', 'hosts: [web, db1]', 'hosts: [db1, web1]', 'host-not-allowed'],
    ['the role gives less time', 'lifetime: 30m, max_lifetime: 4h', 'max_lifetime: 29m', 'lifetime-too-long'],
    ['a reason is wanted', 'lifetime: 30m,', 'reason: required, lifetime: 30m,', 'reason-required'],
    ['a security key is wanted', 'lifetime: 30m,', 'subject_keys: sk, lifetime: 30m,', 'key-not-allowed'],
    ['the login is gone', 'ann: { logins: [ann, deploy]', 'ann: { logins: [deploy]', 'login-not-allowed'],
    ['the person is gone', '  ann: {', '  anna: {', 'unknown-person'],
    ['the access ended', 'deploy], roles', 'deploy], until: 2027-01-15T08:30:00Z, roles', 'person-expired'],
  ])('denies when %s', (_, from, to, code) => {
    expect(again(from, to, NOW + 1800)).toMatchObject({ code });
  });

  it('denies principals that were not asked for, and none at all', () => {
    for (const principals of [['ann', 'sudoer'], ['ann', 'sudoer@db1'], []])
      expect(
        decideAgain(roster, 'ann', request, { terms: { ...drafted.terms, principals }, at: NOW }, NOW),
      ).toMatchObject({ code: 'policy-changed' });
  });
});
