import { describe, expect, it } from 'vitest';
import { decide, decideAgain } from '../../src/policy/decide.ts';
import type { DenialCode, Grant, LoginRequest } from '../../src/policy/decision.ts';
import { DENIAL_CODES } from '../../src/policy/decision.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { MAKER_A } from './roots.ts';
import { asks, COMPANY, NOW, rosterOf, SK_LINE, underApplication } from './rosters.ts';

const roster = rosterOf(COMPANY);

function grantFor(person: string, request: LoginRequest, now = NOW): Grant {
  const decision = decide(roster, person, request, now);
  if (decision.kind === 'denial') throw new Error(`denied: ${decision.code}: ${decision.reason}`);
  return decision;
}

function codeFor(person: string, request: LoginRequest, now = NOW): DenialCode | 'granted' {
  const decision = decide(roster, person, request, now);
  return decision.kind === 'denial' ? decision.code : 'granted';
}

interface Refusal {
  readonly when: string;
  readonly person?: string;
  readonly ask: Partial<LoginRequest>;
  readonly code: DenialCode;
}

const many = Array.from({ length: 257 }, (_, index) => `host${index}`);

const REFUSALS: readonly Refusal[] = [
  { when: 'no login is asked for', ask: { logins: [] }, code: 'malformed-request' },
  { when: 'no host is asked for', ask: { hosts: [] }, code: 'malformed-request' },
  { when: 'a login is asked for twice', ask: { logins: ['alice', 'alice'] }, code: 'malformed-request' },
  { when: 'a host is asked for twice', ask: { hosts: ['web1', 'web1'] }, code: 'malformed-request' },
  {
    when: 'a login holds a comma (CVE-2026-35414)',
    ask: { logins: ['alice,root'] },
    code: 'malformed-request',
  },
  { when: 'a login holds an @', ask: { logins: ['alice@web1'] }, code: 'malformed-request' },
  { when: 'a login ends in a line break', ask: { logins: ['alice\n'] }, code: 'malformed-request' },
  { when: 'a login is the principal of sudo', ask: { logins: ['sudoer'] }, code: 'malformed-request' },
  { when: 'a login is the account of builders', ask: { logins: ['nix-builder'] }, code: 'malformed-request' },
  { when: 'a host is a wildcard', ask: { hosts: ['web*'] }, code: 'malformed-request' },
  { when: 'a host is in upper case', ask: { hosts: ['WEB1'] }, code: 'malformed-request' },
  { when: '"*" stands beside a host', ask: { hosts: ['*', 'web1'] }, code: 'malformed-request' },
  { when: 'a lifetime has a fraction', ask: { lifetime: 3600.5 }, code: 'malformed-request' },
  { when: 'a lifetime is not a number', ask: { lifetime: Number.NaN }, code: 'malformed-request' },
  { when: 'a login at 257 hosts is asked for', ask: { hosts: many }, code: 'too-many-principals' },
  {
    when: 'two logins at 129 hosts are asked for',
    ask: { logins: ['alice', 'deploy'], hosts: many.slice(0, 129) },
    code: 'too-many-principals',
  },
  { when: 'a lifetime is below five minutes', ask: { lifetime: 299 }, code: 'lifetime-too-short' },
  { when: 'a lifetime is zero', ask: { lifetime: 0 }, code: 'lifetime-too-short' },
  { when: 'a lifetime is negative', ask: { lifetime: -3600 }, code: 'lifetime-too-short' },
  {
    when: 'a lifetime is beyond a day, whoever asks',
    person: 'mallory',
    ask: { lifetime: 86_401 },
    code: 'lifetime-too-long',
  },
  { when: 'a lifetime is beyond that of the role', ask: { lifetime: 43_201 }, code: 'lifetime-too-long' },
  {
    when: 'the access would end before the certificate',
    person: 'guest',
    ask: { logins: ['guest'], lifetime: 3601 },
    code: 'lifetime-too-long',
  },
  {
    when: 'the default lifetime would outlive the access',
    person: 'guest',
    ask: { logins: ['guest'] },
    code: 'lifetime-too-long',
  },
  { when: 'nobody has this name', person: 'mallory', ask: {}, code: 'unknown-person' },
  {
    when: 'the name is one of every JavaScript object',
    person: 'constructor',
    ask: {},
    code: 'unknown-person',
  },
  {
    when: 'the only role says nothing of sign-in',
    person: 'carol',
    ask: { logins: ['carol'] },
    code: 'no-role',
  },
  { when: 'the person has no role at all', person: 'nobody', ask: { logins: ['nobody'] }, code: 'no-role' },
  { when: 'the login is somebody else’s', ask: { logins: ['alice', 'bob'] }, code: 'login-not-allowed' },
  { when: 'no host has this name', ask: { hosts: ['web1', 'web9'] }, code: 'host-unknown' },
  {
    when: 'a client’s name for a host is no host',
    ask: { hosts: ['web1.example.org'] },
    code: 'host-unknown',
  },
  {
    when: 'the roles give other hosts',
    person: 'bob',
    ask: { logins: ['bob'], hosts: ['web1', 'tokyo1'] },
    code: 'host-not-allowed',
  },
  {
    when: 'the role gives one host of the group',
    person: 'erin',
    ask: { logins: ['erin'], hosts: ['web'] },
    code: 'host-not-allowed',
  },
  {
    when: 'the role gives hosts, not all of them',
    person: 'bob',
    ask: { logins: ['bob'], hosts: ['*'] },
    code: 'host-not-allowed',
  },
  {
    when: 'two roles leave no common source address',
    person: 'dave',
    ask: { logins: ['dave'], hosts: ['web1', 'tokyo1'] },
    code: 'conflicting-roles',
  },
  {
    when: 'two roles trust no common maker of security keys',
    person: 'erin',
    ask: { logins: ['erin'], hosts: ['db1', 'web1'] },
    code: 'conflicting-roles',
  },
  {
    when: 'the key is a credential',
    ask: { subject: parsePublicKeyLine(SK_LINE).key },
    code: 'key-has-role',
  },
  {
    when: 'the key is a credential under another application',
    ask: { subject: parsePublicKeyLine(underApplication(SK_LINE, 'ssh:x')).key },
    code: 'key-has-role',
  },
];

describe('decide refuses', () => {
  it.each(REFUSALS)('when $when', ({ person = 'alice', ask, code }) => {
    expect(codeFor(person, asks(ask))).toBe(code);
  });

  it('when the access has ended, from that second on', () => {
    const request = asks({ logins: ['guest'], lifetime: 300 });
    const until = roster.people.get('guest')?.until ?? 0;
    expect(codeFor('guest', request, until - 300)).toBe('granted');
    expect(codeFor('guest', request, until)).toBe('person-expired');
  });

  it('with every code but those of a second look, of sudo and of acts', () => {
    const others = [
      'person-expired',
      'policy-changed',
      'reason-required',
      'key-not-allowed',
      'right-missing',
    ];
    const seen = new Set([...REFUSALS.map(({ code }) => code), ...others]);
    expect(DENIAL_CODES.filter((code) => !seen.has(code))).toEqual([]);
  });
});

describe('decide grants', () => {
  it('each login at each host or group, and nothing that was not asked for', () => {
    const request = asks({ logins: ['alice', 'deploy'], hosts: ['web1', 'web'] });
    expect(grantFor('alice', request).terms.principals).toEqual([
      'alice@web1',
      'alice@web',
      'deploy@web1',
      'deploy@web',
    ]);
  });

  it('the bare login only where a role says "*" and "*" is asked for', () => {
    expect(grantFor('alice', asks({ hosts: ['*'] })).terms.principals).toEqual(['alice']);
  });

  it('a host of a group that the role names', () => {
    expect(grantFor('bob', asks({ logins: ['bob'], hosts: ['web2'] })).terms.principals).toEqual([
      'bob@web2',
    ]);
  });

  it('the lifetime that was asked for, or the role’s', () => {
    expect(grantFor('alice', asks({ lifetime: 43_200 })).terms.lifetime).toBe(43_200);
    expect(grantFor('alice', asks({})).terms.lifetime).toBe(28_800);
  });

  it('up to 256 principals', () => {
    const hosts = many.slice(0, 128);
    const text = `{people: {a: {logins: [a, b], roles: [r]}}, roles: {r: {login: {hosts: '*'}}}, hosts: {${hosts.map((host) => `${host}: {}`).join(', ')}}}`;
    const decision = decide(rosterOf(text), 'a', asks({ logins: ['a', 'b'], hosts }), NOW);
    expect(decision.kind === 'grant' && decision.terms.principals.length).toBe(256);
  });

  it('one role’s mandates where one role suffices', () => {
    const { terms, touch } = grantFor('bob', asks({ logins: ['bob'], hosts: ['web1'] }));
    expect(terms.criticalOptions).toEqual([{ name: 'source-address', value: '10.0.0.0/8,192.0.2.0/24' }]);
    expect(terms.extensions).toEqual(['permit-agent-forwarding', 'permit-port-forwarding', 'permit-pty']);
    expect(touch).toEqual({ userVerification: false, sameMachine: false, attestation: { required: false } });
  });

  it('of several roles the strictest of each rule', () => {
    const { terms, touch } = grantFor('bob', asks({ logins: ['bob'], hosts: ['web1', 'db1'] }));
    expect(terms).toEqual({
      principals: ['bob@web1', 'bob@db1'],
      lifetime: 3600,
      criticalOptions: [{ name: 'source-address', value: '10.1.0.0/16' }],
      extensions: ['permit-agent-forwarding', 'permit-pty'],
    });
    expect(touch).toMatchObject({ userVerification: true, sameMachine: true });
    expect(codeFor('bob', asks({ logins: ['bob'], hosts: ['web1', 'db1'], lifetime: 7201 }))).toBe(
      'lifetime-too-long',
    );
  });

  it('by the first role that gives the host, in the order of the person’s roles', () => {
    const text = (roles: string) =>
      `{people: {a: {logins: [a], roles: [${roles}]}}, roles: {wide: {login: {hosts: '*', lifetime: 20h}}, narrow: {login: {hosts: [h], lifetime: 1h}}}, hosts: {h: {}}}`;
    const lifetime = (roles: string) => {
      const decision = decide(rosterOf(text(roles)), 'a', asks({ logins: ['a'], hosts: ['h'] }), NOW);
      return decision.kind === 'grant' ? decision.terms.lifetime : decision.code;
    };
    expect(lifetime('wide, narrow')).toBe(72_000);
    expect(lifetime('narrow, wide')).toBe(3600);
  });
});

describe('of two roles, of which only one asks for something', () => {
  const MODEL = 'ee882879-721c-4913-9775-3dfcce97072a';
  const attestation = (model: string) =>
    `touch: { attestation: { aaguids: [${model}], roots: [${JSON.stringify(MAKER_A)}] } }`;
  const decideBoth = (first: string, second: string) => {
    const text = `{people: {a: {logins: [a], roles: [r1, r2]}}, roles: {r1: {${first}}, r2: {${second}}}, hosts: {h1: {}, h2: {}}}`;
    return decide(rosterOf(text), 'a', asks({ logins: ['a'], hosts: ['h1', 'h2'] }), NOW);
  };
  const strict = (host: string) =>
    `login: { hosts: [${host}], source_addresses: [10.0.0.0/8] }, ${attestation(MODEL)}`;
  const lax = (host: string) => `login: { hosts: [${host}] }`;

  it.each([
    ['the first', decideBoth(strict('h1'), lax('h2'))],
    ['the second', decideBoth(lax('h1'), strict('h2'))],
  ])('%s counts', (_, decision) => {
    expect(decision).toMatchObject({
      terms: { criticalOptions: [{ name: 'source-address', value: '10.0.0.0/8' }] },
      touch: { attestation: { required: true, aaguids: [MODEL] } },
    });
  });

  it('models that exclude each other are a conflict, even of one maker', () => {
    const other = MODEL.replace(/a$/, 'b');
    const both = decideBoth(`${lax('h1')}, ${attestation(MODEL)}`, `${lax('h2')}, ${attestation(other)}`);
    expect(both).toMatchObject({ code: 'conflicting-roles' });
  });
});

describe('a second look at a draft', () => {
  const request = asks({ hosts: ['web1'] });
  const drafted = { terms: grantFor('alice', request).terms, at: NOW };
  const again = (text: string, now = NOW + 60) => {
    const decision = decideAgain(rosterOf(text), 'alice', request, drafted, now);
    return decision.kind === 'denial' ? decision.code : 'granted';
  };
  const change = (from: string, to: string) => {
    expect(COMPANY).toContain(from);
    return COMPANY.replace(from, to);
  };

  it('denies when the person is gone', () => {
    expect(again(change('  alice: {', '  alicia: {'))).toBe('unknown-person');
  });

  it('denies when the access ended while the request waited', () => {
    const until = change('deploy], roles', 'deploy], until: 2027-01-15T16:00:00Z, roles');
    expect(again(until, NOW + 8 * 3600 - 1)).toBe('granted');
    expect(again(until, NOW + 8 * 3600)).toBe('person-expired');
  });

  it('denies when the certificate would now outlive the access', () => {
    expect(again(change('deploy], roles', 'deploy], until: 2027-01-15T15:59:59Z, roles'))).toBe(
      'lifetime-too-long',
    );
  });

  it('denies when the role now gives less time than was drafted', () => {
    expect(again(change('lifetime: 8h, max_lifetime: 12h', 'max_lifetime: 7h'))).toBe('lifetime-too-long');
  });

  it('denies when a restriction was added that the draft lacks', () => {
    expect(again(change("hosts: '*', lifetime: 8h", "hosts: '*', source_addresses: [10.0.0.0/8]"))).toBe(
      'policy-changed',
    );
  });

  it('denies when an extension was taken away that the draft has', () => {
    expect(again(change("hosts: '*', lifetime: 8h", "hosts: '*', extensions: [permit-pty]"))).toBe(
      'policy-changed',
    );
  });

  it('denies when the networks of a restriction changed', () => {
    const asked = asks({ logins: ['bob'], hosts: ['web1'] });
    const { terms } = grantFor('bob', asked);
    const narrower = rosterOf(change('[10.0.0.0/8, 192.0.2.0/24]', '[10.0.0.0/8]'));
    expect(decideAgain(roster, 'bob', asked, { terms, at: NOW }, NOW)).toMatchObject({ kind: 'grant' });
    expect(decideAgain(narrower, 'bob', asked, { terms, at: NOW }, NOW)).toMatchObject({
      code: 'policy-changed',
    });
  });

  it('grants a draft with fewer networks than are allowed now', () => {
    const asked = asks({ logins: ['bob'], hosts: ['web1'] });
    const { terms } = grantFor('bob', asked);
    const wider = rosterOf(change('[10.0.0.0/8, 192.0.2.0/24]', '[10.0.0.0/8, 192.0.0.0/16]'));
    expect(decideAgain(wider, 'bob', asked, { terms, at: NOW }, NOW)).toMatchObject({ kind: 'grant' });
  });

  it('denies a draft without principals, which sshd takes for everybody’s', () => {
    const terms = { ...drafted.terms, principals: [] };
    expect(decideAgain(roster, 'alice', request, { terms, at: NOW }, NOW)).toMatchObject({
      code: 'policy-changed',
    });
  });

  it('denies terms that were not asked for', () => {
    const terms = { ...drafted.terms, principals: ['alice@web1', 'root@web1'] };
    expect(decideAgain(roster, 'alice', request, { terms, at: NOW }, NOW)).toMatchObject({
      code: 'policy-changed',
    });
  });

  it('grants a draft made with the role’s default lifetime after the default changed', () => {
    expect(again(change('lifetime: 8h, max_lifetime: 12h', 'lifetime: 1h, max_lifetime: 12h'))).toBe(
      'granted',
    );
  });

  it('gives the touch policy of this moment', () => {
    const text = change(
      'max_lifetime: 12h } }',
      'max_lifetime: 12h }, touch: { user_verification: required } }',
    );
    expect(decideAgain(rosterOf(text), 'alice', request, drafted, NOW)).toMatchObject({
      touch: { userVerification: true },
    });
  });
});
