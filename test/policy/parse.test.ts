import { readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { hex } from '@scure/base';
import { describe, expect, it } from 'vitest';
import type { Fault, FaultCode } from '../../src/policy/fault.ts';
import { formatFault } from '../../src/policy/fault.ts';
import { parseRoster } from '../../src/policy/parse.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { MAKER_A, MAKER_B } from './roots.ts';
import {
  faultsOf,
  OTHER_SK_LINE,
  PLAIN_LINE,
  rosterOf,
  SK_ECDSA_LINE,
  SK_LINE,
  underApplication,
} from './rosters.ts';

/** One person, one role, one host; `person`, `login`, `touch` and `host` are further fields of theirs. */
function roster(parts: {
  person?: string;
  login?: string;
  touch?: string;
  host?: string;
  more?: string;
}): string {
  return [
    'people:',
    `  alice: { logins: [alice], roles: [engineer]${parts.person ?? ''} }`,
    'roles:',
    `  engineer: { login: { hosts: [web]${parts.login ?? ''} }${parts.touch ?? ''} }`,
    'hosts:',
    `  web1: { groups: [web]${parts.host ?? ''} }`,
    parts.more ?? '',
  ].join('\n');
}

interface Refusal {
  readonly what: string;
  readonly text: string;
  readonly code: FaultCode;
  /** What stands in the file where the fault is said to be. */
  readonly at: string;
}

const someone = (entry: string) => `people: { alice: ${entry} }\nroles: {}`;
const key = (line: string) => roster({ person: `, security_keys: ['${line}']` });
const attested = (fields: string) => roster({ touch: `, touch: { attestation: { ${fields} } }` });
const AAGUID = 'ee882879-721c-4913-9775-3dfcce97072a';

function textAt(text: string, { line, column }: Fault): string {
  return text
    .split('\n')
    .slice(line - 1)
    .join('\n')
    .slice(column - 1);
}

const REFUSALS: readonly Refusal[] = [
  { what: 'an empty file', text: '', code: 'bad-structure', at: '' },
  { what: 'a file without roles', text: 'people: {}', code: 'bad-structure', at: 'people:' },
  { what: 'an unknown section', text: `${roster({})}builders: {}`, code: 'unknown-field', at: 'builders:' },
  { what: 'an unknown field', text: roster({ person: ', login: [x]' }), code: 'unknown-field', at: 'login:' },
  { what: 'a person without logins', text: someone('{ roles: [] }'), code: 'bad-structure', at: 'alice:' },
  {
    what: 'a person with no login',
    text: someone('{ logins: [], roles: [] }'),
    code: 'bad-structure',
    at: '[]',
  },
  { what: 'a person with nothing', text: someone(''), code: 'bad-structure', at: '}' },
  {
    what: 'a login that is a number',
    text: someone('{ logins: [17], roles: [] }'),
    code: 'bad-structure',
    at: '17',
  },
  {
    what: 'a login in upper case',
    text: someone('{ logins: [Al], roles: [] }'),
    code: 'bad-name',
    at: 'Al',
  },
  {
    what: 'a login that begins with a digit',
    text: someone('{ logins: [1a], roles: [] }'),
    code: 'bad-name',
    at: '1a',
  },
  {
    what: 'a login with a comma',
    text: someone("{ logins: ['a,b'], roles: [] }"),
    code: 'bad-name',
    at: "'a,b'",
  },
  {
    what: 'a login with a line break',
    text: someone('{ logins: ["a\\n"], roles: [] }'),
    code: 'bad-name',
    at: '"a\\n"',
  },
  {
    what: 'a login of 33 characters',
    text: someone(`{ logins: [${'a'.repeat(33)}], roles: [] }`),
    code: 'bad-name',
    at: 'aaaaaaaaaaaaaa',
  },
  {
    what: 'the same login twice',
    text: someone('{ logins: [a, a], roles: [] }'),
    code: 'bad-structure',
    at: 'a',
  },
  {
    what: 'a login named sudoer',
    text: someone('{ logins: [sudoer], roles: [] }'),
    code: 'reserved-name',
    at: 'sudoer',
  },
  {
    what: 'a login named nix-builder',
    text: someone('{ logins: [nix-builder], roles: [] }'),
    code: 'reserved-name',
    at: 'nix-builder',
  },
  {
    what: 'a person in upper case',
    text: 'people: { Al: { logins: [al], roles: [] } }\nroles: {}',
    code: 'bad-name',
    at: 'Al:',
  },
  {
    what: 'a person with a line break',
    text: 'people: { "al\\n": { logins: [al], roles: [] } }\nroles: {}',
    code: 'bad-name',
    at: '"al\\n":',
  },
  {
    what: 'a person twice',
    text: 'people:\n  a: { logins: [a], roles: [] }\n  a: { logins: [b], roles: [] }\nroles: {}',
    code: 'duplicate-name',
    at: 'a:',
  },
  {
    what: 'a role that is not there',
    text: someone('{ logins: [a], roles: [engineer] }'),
    code: 'unknown-role',
    at: 'engineer',
  },
  { what: 'a role of a bad name', text: 'people: {}\nroles: { 9to5: {} }', code: 'bad-name', at: '9to5:' },
  {
    what: 'an until without a zone',
    text: roster({ person: ', until: 2027-06-30T00:00:00' }),
    code: 'bad-time',
    at: '2027-06-30T00:',
  },
  {
    what: 'an until that is a date',
    text: roster({ person: ', until: 2027-06-30' }),
    code: 'bad-time',
    at: '2027-06-30',
  },
  {
    what: 'an until that is a number',
    text: roster({ person: ', until: 1814313600' }),
    code: 'bad-structure',
    at: '1814313600',
  },
  {
    what: 'hosts that are a word',
    text: 'people: {}\nroles: { r: { login: { hosts: all } } }',
    code: 'bad-structure',
    at: 'all',
  },
  {
    what: 'hosts that are none',
    text: 'people: {}\nroles: { r: { login: { hosts: [] } } }',
    code: 'bad-structure',
    at: '[]',
  },
  {
    what: 'hosts with "*" in a list',
    text: "people: {}\nroles: { r: { login: { hosts: ['*'] } } }",
    code: 'bad-name',
    at: "'*'",
  },
  {
    what: 'hosts with a host twice',
    text: 'people: {}\nroles: { r: { login: { hosts: [h, h] } } }\nhosts: { h: {} }',
    code: 'bad-structure',
    at: 'h',
  },
  {
    what: 'a login profile without hosts',
    text: 'people: {}\nroles: { r: { login: {} } }',
    code: 'bad-structure',
    at: 'login:',
  },
  {
    what: 'a host that is not there',
    text: 'people: {}\nroles: { r: { login: { hosts: [h] } } }',
    code: 'unknown-host',
    at: 'h',
  },
  {
    what: 'a client’s name where a host belongs',
    text: 'people: {}\nroles: { r: { login: { hosts: [h.example.org] } } }\nhosts: { h: { names: [h.example.org] } }',
    code: 'unknown-host',
    at: 'h.example.org',
  },
  {
    what: 'a lifetime that is no duration',
    text: roster({ login: ', lifetime: 1h30m' }),
    code: 'bad-lifetime',
    at: '1h30m',
  },
  {
    what: 'a lifetime that is a number',
    text: roster({ login: ', lifetime: 3600' }),
    code: 'bad-structure',
    at: '3600',
  },
  {
    what: 'a lifetime beyond the most',
    text: roster({ login: ', lifetime: 9h, max_lifetime: 8h' }),
    code: 'bad-lifetime',
    at: '9h',
  },
  {
    what: 'a lifetime beyond a day',
    text: roster({ login: ', lifetime: 25h' }),
    code: 'bad-lifetime',
    at: '25h',
  },
  {
    what: 'a most beyond a day',
    text: roster({ login: ', max_lifetime: 2d' }),
    code: 'bad-lifetime',
    at: '2d',
  },
  {
    what: 'a lifetime below five minutes',
    text: roster({ login: ', lifetime: 299s' }),
    code: 'bad-lifetime',
    at: '299s',
  },
  {
    what: 'a network with host bits',
    text: roster({ login: ', source_addresses: [10.0.0.1/8]' }),
    code: 'bad-address',
    at: '10.0.0.1/8',
  },
  {
    what: 'a network that is none',
    text: roster({ login: ', source_addresses: [office]' }),
    code: 'bad-address',
    at: 'office',
  },
  {
    what: 'a list of no networks',
    text: roster({ login: ', source_addresses: []' }),
    code: 'bad-structure',
    at: '[]',
  },
  {
    what: 'an unknown extension',
    text: roster({ login: ', extensions: [permit-all]' }),
    code: 'bad-structure',
    at: 'permit-all',
  },
  {
    what: 'an unknown right',
    text: roster({ touch: ', manage: [hosts, everything]' }),
    code: 'bad-structure',
    at: 'everything',
  },
  {
    what: 'a right twice',
    text: roster({ touch: ', manage: [ca, hosts, ca]' }),
    code: 'bad-structure',
    at: 'ca]',
  },
  {
    what: 'rights that are none',
    text: roster({ touch: ', manage: []' }),
    code: 'bad-structure',
    at: '[]',
  },
  {
    what: 'rights for everything',
    text: roster({ touch: ', manage: "*"' }),
    code: 'bad-structure',
    at: '"*"',
  },
  {
    what: 'user verification of an unknown kind',
    text: roster({ touch: ', touch: { user_verification: sometimes }' }),
    code: 'bad-structure',
    at: 'sometimes',
  },
  {
    what: 'same_machine that is a word',
    text: roster({ touch: ', touch: { same_machine: yes }' }),
    code: 'bad-structure',
    at: 'yes',
  },
  {
    what: 'attestation without makers',
    text: attested(`aaguids: [${AAGUID}]`),
    code: 'bad-structure',
    at: 'attestation:',
  },
  {
    what: 'attestation by no maker',
    text: attested(`aaguids: [${AAGUID}], roots: []`),
    code: 'bad-structure',
    at: '[]',
  },
  {
    what: 'attestation of no model',
    text: attested(`aaguids: [], roots: [${JSON.stringify(MAKER_A)}]`),
    code: 'bad-structure',
    at: '[]',
  },
  {
    what: 'a model that is no UUID',
    text: attested(`aaguids: [YubiKey], roots: [${JSON.stringify(MAKER_A)}]`),
    code: 'bad-name',
    at: 'YubiKey',
  },
  {
    what: 'a maker that is no certificate',
    text: attested(`aaguids: [${AAGUID}], roots: [Yubico]`),
    code: 'bad-certificate',
    at: 'Yubico',
  },
  {
    what: 'two makers in one text',
    text: attested(`aaguids: [${AAGUID}], roots: [${JSON.stringify(MAKER_A + MAKER_B)}]`),
    code: 'bad-certificate',
    at: '"-----BEGIN',
  },
  { what: 'a plain key as credential', text: key(PLAIN_LINE), code: 'bad-key', at: "'ssh-ed25519" },
  {
    what: 'a key line without a key',
    text: key('sk-ssh-ed25519@openssh.com'),
    code: 'bad-key',
    at: "'sk-ssh-ed2551",
  },
  { what: 'a key cut short', text: key(SK_LINE.slice(0, 100)), code: 'bad-key', at: "'sk-ssh-ed2551" },
  {
    what: 'a key with options before it',
    text: key(`no-touch-required ${SK_LINE}`),
    code: 'bad-key',
    at: "'no-touch-requ",
  },
  {
    what: 'a key that lies about its type',
    text: key(SK_LINE.replace('sk-ssh-ed25519', 'sk-ssh-ed448')),
    code: 'bad-key',
    at: "'sk-ssh-ed448@",
  },
  {
    what: 'a key for a web site',
    text: key(underApplication(SK_LINE, 'ca.example.org')),
    code: 'bad-key',
    at: "'sk-ssh-ed2551",
  },
  {
    what: 'a key off its curve',
    text: key(SK_ECDSA_LINE.replace('BBJxAF', 'BBJxAG')),
    code: 'bad-key',
    at: "'sk-ecdsa-sha2",
  },
  {
    what: 'a host in upper case',
    text: 'people: {}\nroles: {}\nhosts: { Web1: {} }',
    code: 'bad-name',
    at: 'Web1:',
  },
  {
    what: 'a host with a blank',
    text: 'people: {}\nroles: {}\nhosts: { "web 1": {} }',
    code: 'bad-name',
    at: '"web 1": {} }',
  },
  {
    what: 'a host that ends in a dot',
    text: 'people: {}\nroles: {}\nhosts: { web1.: {} }',
    code: 'bad-name',
    at: 'web1.:',
  },
  {
    what: 'a host named root',
    text: 'people: {}\nroles: {}\nhosts: { root: {} }',
    code: 'reserved-name',
    at: 'root:',
  },
  {
    what: 'a group named sudoer',
    text: roster({ host: ', names: [sudoer]' }),
    code: 'reserved-name',
    at: 'sudoer',
  },
  { what: 'a host named like a login', text: `${roster({})}  alice: {}`, code: 'name-clash', at: 'alice:' },
  {
    what: 'a host that clients call like a login',
    text: roster({ host: ', names: [alice]' }),
    code: 'name-clash',
    at: 'alice',
  },
  {
    what: 'a group named like a host',
    text: `${roster({})}  web2: { groups: [web1] }`,
    code: 'name-clash',
    at: 'web1',
  },
  { what: 'a host named like a group', text: `${roster({})}  web: {}`, code: 'name-clash', at: 'web:' },
  {
    what: 'a group named like a person',
    text: `${roster({})}  web2: { groups: [alice] }`,
    code: 'name-clash',
    at: 'alice',
  },
  {
    what: 'two hosts of one name',
    text: `${roster({ host: ', names: [a.example.org]' })}  web2: { names: [a.example.org] }`,
    code: 'name-clash',
    at: 'a.example.org',
  },
  {
    what: 'a host that clients call like another host',
    text: `${roster({})}  web2: { names: [web1] }`,
    code: 'name-clash',
    at: 'web1',
  },
];

describe('parseRoster refuses', () => {
  it.each(REFUSALS)('$what', ({ text, code, at }) => {
    const found = faultsOf(text).map((fault) => ({
      code: fault.code,
      at: textAt(text, fault).slice(0, at.length),
    }));
    expect(found).toEqual([{ code, at }]);
  });

  it('bytes that are not UTF-8', () => {
    expect(parseRoster(Uint8Array.of(0x61, 0xff)).faults).toEqual([
      { code: 'not-utf8', line: 1, column: 1, path: '', message: 'the file is not UTF-8' },
    ]);
  });

  it('a security key of two people', () => {
    const text = (line: string) =>
      `people:\n  a: { logins: [a], roles: [], security_keys: ['${SK_LINE}'] }\n  b: { logins: [b], roles: [], security_keys: ['${line}'] }\nroles: {}`;
    expect(faultsOf(text(OTHER_SK_LINE))).toEqual([]);
    expect(faultsOf(text(SK_LINE))).toMatchObject([{ code: 'key-has-role', line: 3, column: 48 }]);
    expect(faultsOf(text(underApplication(SK_LINE, 'ssh:other')))).toMatchObject([
      { code: 'key-has-role', line: 3 },
    ]);
  });

  it('a security key that stands twice', () => {
    expect(faultsOf(roster({ person: `, security_keys: ['${SK_LINE}', '${SK_LINE}']` }))).toMatchObject([
      { code: 'key-has-role' },
    ]);
  });

  it('a security key that is a CA key, under whatever application', () => {
    const authorityKeys = [parsePublicKeyLine(underApplication(SK_LINE, 'ssh:ca')).key];
    expect(parseRoster(key(SK_LINE)).faults).toBeUndefined();
    expect(parseRoster(key(SK_LINE), { authorityKeys }).faults).toMatchObject([{ code: 'key-has-role' }]);
  });

  it('every fault at once, in the order of the file', () => {
    const text = readFileSync(new URL('./many-faults.yaml', import.meta.url), 'utf8');
    const found = faultsOf(text).map(({ line, code }) => ({ line, code }));
    const wanted = text
      .split('\n')
      .flatMap((content, index) =>
        (/# fault: (.*)/.exec(content)?.[1]?.split(' ') ?? []).map((code) => ({ line: index + 1, code })),
      );
    expect(wanted.length).toBeGreaterThan(20);
    expect(found).toEqual(wanted);
  });
});

describe('parseRoster reads', () => {
  it('defaults', () => {
    const { people, roles, hosts, groups } = rosterOf(roster({}));
    expect(people.get('alice')).toEqual({
      name: 'alice',
      logins: ['alice'],
      roles: ['engineer'],
      securityKeys: [],
    });
    expect(roles.get('engineer')).toEqual({
      name: 'engineer',
      login: {
        hosts: new Set(['web']),
        lifetime: 72_000,
        maxLifetime: 86_400,
        extensions: ['permit-agent-forwarding', 'permit-pty'],
      },
      manage: new Set(),
      touch: { userVerification: false, sameMachine: false, attestation: { required: false } },
    });
    expect(hosts.get('web1')).toEqual({
      name: 'web1',
      names: ['web1'],
      groups: ['web'],
      sudoName: 'web1',
    });
    expect(groups.get('web')).toEqual(['web1']);
  });

  it('the most as default lifetime where it is less than 20 hours', () => {
    expect(rosterOf(roster({ login: ', max_lifetime: 8h' })).roles.get('engineer')?.login?.lifetime).toBe(
      28_800,
    );
  });

  it('extensions and networks in a fixed order, networks without those within others', () => {
    const login =
      ', extensions: [permit-pty, permit-X11-forwarding], source_addresses: [192.0.2.1, 10.1.0.0/16, 10.0.0.0/8]';
    const profile = rosterOf(roster({ login })).roles.get('engineer')?.login;
    expect(profile?.extensions).toEqual(['permit-X11-forwarding', 'permit-pty']);
    expect(profile?.sourceAddresses?.map(({ text }) => text)).toEqual(['10.0.0.0/8', '192.0.2.1/32']);
  });

  it('rights', () => {
    const { manage } = rosterOf(roster({ touch: ', manage: [ca, hosts]' })).roles.get('engineer') ?? {};
    expect(manage).toEqual(new Set(['ca', 'hosts']));
  });

  it('security keys, with the person each belongs to', () => {
    const { people, keyOwners } = rosterOf(
      roster({ person: `, security_keys: ['${SK_LINE}', '${SK_ECDSA_LINE}']` }),
    );
    expect(people.get('alice')?.securityKeys.map(({ comment }) => comment)).toEqual(['k1', 'e1']);
    expect([...keyOwners.values()]).toEqual(['alice', 'alice']);
  });

  it('a maker’s certificate however its lines are broken', () => {
    const wrapped = MAKER_A.replaceAll('\n', '\r\n');
    const [one, other] = [MAKER_A, wrapped].map(
      (pem) =>
        rosterOf(attested(`aaguids: [${AAGUID}], roots: [${JSON.stringify(pem)}]`)).roles.get('engineer')
          ?.touch,
    );
    expect(other).toEqual(one);
  });

  it('names that are of every JavaScript object, and names that look like addresses', () => {
    const text =
      'people: { __proto__: { logins: [constructor], roles: [] } }\nroles: {}\nhosts: { 10.0.0.1: {} }';
    const { people, hosts } = rosterOf(text);
    expect([...people.keys()]).toEqual(['__proto__']);
    expect([...hosts.keys()]).toEqual(['10.0.0.1']);
  });

  it('two people who share a login', () => {
    expect(
      faultsOf(
        'people: { a: { logins: [deploy], roles: [] }, b: { logins: [deploy], roles: [] } }\nroles: {}',
      ),
    ).toEqual([]);
  });

  it('JSON, with the digest of the file’s bytes', () => {
    const json = '{"people": {"ä": 1}}';
    expect(faultsOf(json).map(({ code }) => code)).toEqual(['bad-structure', 'bad-name', 'bad-structure']);
    const bytes = new TextEncoder().encode('{"people": {}, "roles": {}} # ä');
    const { roster: parsed } = parseRoster(bytes);
    expect(hex.encode(parsed?.digest ?? new Uint8Array())).toBe(hex.encode(sha256(bytes)));
  });
});

it('a fault is shown as compilers show theirs', () => {
  const [fault] = faultsOf('people: {}\nroles: { r: { login: { hosts: [h] } } }');
  expect(fault && formatFault(fault, 'roster.yaml')).toBe(
    'roster.yaml:2:32: roles.r.login.hosts.0: there is no host or group "h"',
  );
});
