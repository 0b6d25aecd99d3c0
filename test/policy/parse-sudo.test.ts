import { describe, expect, it } from 'vitest';
import type { Fault, FaultCode } from '../../src/policy/fault.ts';
import { parseRoster } from '../../src/policy/parse.ts';
import { MAX_APPROVALS, MAX_SUDO_CA_KEYS } from '../../src/policy/roster.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import {
  faultsOf,
  OTHER_SK_LINE,
  PLAIN_LINE,
  rosterOf,
  SK_ECDSA_LINE,
  SK_LINE,
  underApplication,
} from './rosters.ts';
import { TOUCH_CA } from './sudo-rosters.ts';

/** Two engineers, two who may approve; the fields of the role's `sudo` beside its hosts, of a host, and further sections. */
function roster(parts: { sudo?: string; host?: string; more?: string; people?: string }): string {
  return [
    'people:',
    '  ann: { logins: [ann], roles: [engineer] }',
    '  ben: { logins: [ben], roles: [engineer, lead] }',
    '  carol: { logins: [carol], roles: [lead] }',
    parts.people ?? '',
    'roles:',
    `  engineer: { sudo: { hosts: [web]${parts.sudo ?? ''} } }`,
    '  lead: {}',
    '  empty: {}',
    'hosts:',
    `  web1: { groups: [web]${parts.host ?? ''} }`,
    '  web2: { names: [web2.example.org] }',
    parts.more ?? '',
  ].join('\n');
}

function sudoCa(...entries: readonly string[]): string {
  return roster({ more: `sudo_ca:\n${entries.map((entry) => `  - { ${entry} }`).join('\n')}` });
}

interface Refusal {
  readonly what: string;
  readonly text: string;
  readonly code: FaultCode;
  /** What stands in the file where the fault is said to be. */
  readonly at: string;
}

function textAt(text: string, { line, column }: Fault): string {
  return text
    .split('\n')
    .slice(line - 1)
    .join('\n')
    .slice(column - 1);
}

const REFUSALS: readonly Refusal[] = [
  {
    what: 'sudo without hosts',
    text: 'people: {}\nroles: { r: { sudo: {} } }',
    code: 'bad-structure',
    at: 'sudo:',
  },
  {
    what: 'an unknown field of sudo',
    text: roster({ sudo: ', approval: 1' }),
    code: 'unknown-field',
    at: 'approval:',
  },
  {
    what: 'extensions of sudo, which pam-ussh has no use for',
    text: roster({ sudo: ', extensions: []' }),
    code: 'unknown-field',
    at: 'extensions:',
  },
  {
    what: 'hosts of sudo that are a word',
    text: 'people: {}\nroles: { r: { sudo: { hosts: all } } }',
    code: 'bad-structure',
    at: 'all',
  },
  {
    what: 'a host of sudo that is not there',
    text: 'people: {}\nroles: { r: { sudo: { hosts: [h] } } }',
    code: 'unknown-host',
    at: 'h',
  },
  {
    what: 'a sudo name where a host belongs',
    text: 'people: {}\nroles: { r: { sudo: { hosts: [s1] } } }\nhosts: { h: { sudo_name: s1 } }',
    code: 'unknown-host',
    at: 's1',
  },
  {
    what: 'everywhere that is a word',
    text: roster({ sudo: ', everywhere: yes' }),
    code: 'bad-structure',
    at: 'yes',
  },
  {
    what: 'a lifetime of sudo beyond a day',
    text: roster({ sudo: ', lifetime: 25h' }),
    code: 'bad-lifetime',
    at: '25h',
  },
  {
    what: 'a most of sudo beyond a day',
    text: roster({ sudo: ', max_lifetime: 2d' }),
    code: 'bad-lifetime',
    at: '2d',
  },
  {
    what: 'a lifetime of sudo below five minutes',
    text: roster({ sudo: ', lifetime: 4m' }),
    code: 'bad-lifetime',
    at: '4m',
  },
  {
    what: 'a lifetime of sudo beyond its most',
    text: roster({ sudo: ', lifetime: 2h, max_lifetime: 1h' }),
    code: 'bad-lifetime',
    at: '2h',
  },
  {
    what: 'approvals that are a word',
    text: roster({ sudo: ', approvals: two, approvers: [lead]' }),
    code: 'bad-structure',
    at: 'two',
  },
  {
    what: 'half an approval',
    text: roster({ sudo: ', approvals: 1.5, approvers: [lead]' }),
    code: 'bad-structure',
    at: '1.5',
  },
  {
    what: 'approvals below none',
    text: roster({ sudo: ', approvals: -1' }),
    code: 'bad-structure',
    at: '-1',
  },
  {
    what: 'approvals without approvers',
    text: roster({ sudo: ', approvals: 1' }),
    code: 'bad-approvals',
    at: 'approvals:',
  },
  {
    what: 'approvals by nobody',
    text: roster({ sudo: ', approvals: 1, approvers: []' }),
    code: 'bad-structure',
    at: '[]',
  },
  {
    what: 'approvers without approvals',
    text: roster({ sudo: ', approvers: [lead]' }),
    code: 'bad-approvals',
    at: 'approvers:',
  },
  {
    what: 'approvers of no approvals',
    text: roster({ sudo: ', approvals: 0, approvers: [lead]' }),
    code: 'bad-approvals',
    at: 'approvers:',
  },
  {
    what: 'an approver role that nobody has',
    text: roster({ sudo: ', approvals: 1, approvers: [empty]' }),
    code: 'bad-approvals',
    at: 'approvers:',
  },
  {
    what: 'two approvals where one of the two approvers asks',
    text: roster({ sudo: ', approvals: 2, approvers: [lead]' }),
    code: 'bad-approvals',
    at: 'approvers:',
  },
  {
    what: 'a reason of an unknown kind',
    text: roster({ sudo: ', reason: always' }),
    code: 'bad-structure',
    at: 'always',
  },
  {
    what: 'subject keys of an unknown kind',
    text: roster({ sudo: ', subject_keys: rsa' }),
    code: 'bad-structure',
    at: 'rsa',
  },
  {
    what: 'a sudo name with an @',
    text: roster({ host: ', sudo_name: sudoer@web1' }),
    code: 'bad-name',
    at: 'sudoer@web1',
  },
  {
    what: 'a sudo name with a comma, which PAM splits at',
    text: roster({ host: ", sudo_name: 'a,b'" }),
    code: 'bad-name',
    at: "'a,b'",
  },
  {
    what: 'a sudo name in upper case',
    text: roster({ host: ', sudo_name: Web1' }),
    code: 'bad-name',
    at: 'Web1',
  },
  {
    what: 'a sudo name that is a number',
    text: roster({ host: ', sudo_name: 1' }),
    code: 'bad-structure',
    at: '1',
  },
  {
    what: 'a sudo name that is the principal of every host',
    text: roster({ host: ', sudo_name: sudoer' }),
    code: 'reserved-name',
    at: 'sudoer',
  },
  {
    what: 'a sudo name that is root',
    text: roster({ host: ', sudo_name: root' }),
    code: 'reserved-name',
    at: 'root',
  },
  {
    what: 'a sudo name that is another host',
    text: `${roster({})}  web3: { sudo_name: web2 }`,
    code: 'name-clash',
    at: 'web2',
  },
  {
    what: 'a sudo name that clients call another host',
    text: `${roster({})}  web3: { sudo_name: web2.example.org }`,
    code: 'name-clash',
    at: 'web2.example.org',
  },
  {
    what: 'a sudo name that another host has',
    text: `${roster({ host: ', sudo_name: w' })}  web3: { sudo_name: w }`,
    code: 'name-clash',
    at: 'w',
  },
  {
    what: 'a host named like the sudo name of another',
    text: `${roster({ host: ', sudo_name: w' })}  w: {}`,
    code: 'name-clash',
    at: 'w:',
  },
  {
    what: 'a sudo name that is a login',
    text: roster({ host: ', sudo_name: ann' }),
    code: 'name-clash',
    at: 'ann',
  },
  {
    what: 'a sudo name that is a group',
    text: `${roster({})}  web3: { sudo_name: web }`,
    code: 'name-clash',
    at: 'web',
  },
  {
    what: 'a host that looks like a principal of sudo',
    text: 'people: {}\nroles: {}\nhosts: { sudoer@web1: {} }',
    code: 'bad-name',
    at: 'sudoer@web1:',
  },
  {
    what: 'a host named like the principal of every host',
    text: 'people: {}\nroles: {}\nhosts: { sudoer: {} }',
    code: 'reserved-name',
    at: 'sudoer:',
  },
  {
    what: 'a group named like the principal of every host',
    text: 'people: {}\nroles: {}\nhosts: { h: { groups: [sudoer] } }',
    code: 'reserved-name',
    at: 'sudoer',
  },
  {
    what: 'a login that looks like a principal of sudo',
    text: "people: { a: { logins: ['sudoer@web1'], roles: [] } }\nroles: {}",
    code: 'bad-name',
    at: "'sudoer@web1'",
  },
  {
    what: 'a person named like the principal of every host',
    text: 'people: { sudoer: { logins: [a], roles: [] } }\nroles: {}',
    code: 'reserved-name',
    at: 'sudoer:',
  },
  { what: 'a list of no CA keys', text: roster({ more: 'sudo_ca: []' }), code: 'bad-structure', at: '[]' },
  {
    what: 'a CA key for sudo of nobody',
    text: sudoCa(`person: zoe, key: '${SK_LINE}'`),
    code: 'unknown-person',
    at: 'zoe',
  },
  {
    what: 'a CA key for sudo that is not said whose',
    text: sudoCa(`key: '${SK_LINE}'`),
    code: 'bad-structure',
    at: '{ key:',
  },
  {
    what: 'a CA key for sudo in a file',
    text: sudoCa(`person: carol, key: '${PLAIN_LINE}'`),
    code: 'bad-key',
    at: "'ssh-ed25519",
  },
  {
    what: 'a CA key for sudo that a web site could use',
    text: sudoCa(`person: carol, key: '${underApplication(SK_LINE, 'ca.example.org')}'`),
    code: 'bad-key',
    at: "'sk-ssh-ed2551",
  },
  {
    what: 'a CA key for sudo off its curve',
    text: sudoCa(`person: carol, key: '${SK_ECDSA_LINE.replace('BBJxAF', 'BBJxAG')}'`),
    code: 'bad-key',
    at: "'sk-ecdsa-sha2",
  },
  {
    what: 'a CA key for sudo twice, under two applications',
    text: sudoCa(
      `person: ben, key: '${SK_LINE}'`,
      `person: carol, key: '${underApplication(SK_LINE, 'ssh:other')}'`,
    ),
    code: 'key-has-role',
    at: "'sk-ssh-ed2551",
  },
  {
    what: 'a CA key for sudo that is somebody’s credential',
    text: roster({
      people: `  dan: { logins: [dan], roles: [], security_keys: ['${SK_LINE}'] }`,
      more: `sudo_ca: [{ person: carol, key: '${SK_LINE}' }]`,
    }),
    code: 'key-has-role',
    at: "'sk-ssh-ed2551",
  },
  {
    what: 'a CA key for sudo in an unknown state',
    text: sudoCa(`person: carol, key: '${SK_LINE}'`, `person: ben, key: '${OTHER_SK_LINE}', state: lost`),
    code: 'bad-structure',
    at: 'lost',
  },
  {
    what: 'CA keys for sudo of which none is active',
    text: sudoCa(
      `person: carol, key: '${SK_LINE}', state: coming`,
      `person: ben, key: '${OTHER_SK_LINE}', state: retired`,
    ),
    code: 'bad-sudo-ca',
    at: 'sudo_ca:',
  },
  {
    what: 'a credential id that is padded',
    text: sudoCa(`person: carol, key: '${SK_LINE}', credential_id: AAAAAAAAAAAAAAAAAAAAAA==`),
    code: 'bad-name',
    at: 'AAAAAAAAAAAAAAAAAAAAAA==',
  },
  {
    what: 'two approvals where people’s keys sign for sudo',
    text: roster({
      people: '  dan: { logins: [dan], roles: [lead] }',
      sudo: ', approvals: 2, approvers: [lead]',
      more: `sudo_ca: [{ person: carol, key: '${SK_LINE}' }, { person: dan, key: '${OTHER_SK_LINE}' }]`,
    }),
    code: 'bad-approvals',
    at: 'approvals:',
  },
  {
    what: 'an approval by people none of whose keys signs for sudo',
    text: roster({
      sudo: ', approvals: 1, approvers: [lead]',
      more: `sudo_ca: [{ person: ann, key: '${SK_LINE}' }]`,
    }),
    code: 'bad-approvals',
    at: 'approvers:',
  },
  {
    what: 'an approval that only the person who asks could sign',
    text: roster({
      sudo: ', approvals: 1, approvers: [lead]',
      more: `sudo_ca: [{ person: ben, key: '${SK_LINE}' }]`,
    }),
    code: 'bad-approvals',
    at: 'approvers:',
  },
  {
    what: 'an approval by somebody whose key signs no more',
    text: roster({
      sudo: ', approvals: 1, approvers: [lead]',
      more: `sudo_ca: [{ person: ben, key: '${SK_LINE}' }, { person: carol, key: '${OTHER_SK_LINE}', state: retired }]`,
    }),
    code: 'bad-approvals',
    at: 'approvers:',
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

  it('more approvals than a request can wait for', () => {
    const people = Array.from(
      { length: MAX_APPROVALS + 1 },
      (_, index) => `  p${index}: { logins: [p], roles: [lead] }`,
    );
    const approvals = (count: number) =>
      faultsOf(roster({ people: people.join('\n'), sudo: `, approvals: ${count}, approvers: [lead]` })).map(
        ({ code }) => code,
      );
    expect(approvals(MAX_APPROVALS)).toEqual([]);
    expect(approvals(MAX_APPROVALS + 1)).toEqual(['bad-structure']);
  });

  it('more CA keys for sudo than a request has drafts for', () => {
    const keys = (count: number) =>
      sudoCa(...Array.from({ length: count }, () => `person: carol, key: '${SK_LINE}'`));
    const codes = (count: number) => new Set(faultsOf(keys(count)).map(({ code }) => code));
    expect(codes(MAX_SUDO_CA_KEYS)).toEqual(new Set(['key-has-role']));
    expect(codes(MAX_SUDO_CA_KEYS + 1)).toEqual(new Set(['bad-structure', 'key-has-role']));
  });

  it('an approver role that is not there', () => {
    const text = roster({ sudo: ', approvals: 1, approvers: [lead, boss]' });
    expect(faultsOf(text)).toMatchObject([{ code: 'unknown-role', path: 'roles.engineer.sudo.approvers.1' }]);
  });

  it('a CA key for sudo that is a key of the authority', () => {
    const authorityKeys = [parsePublicKeyLine(underApplication(OTHER_SK_LINE, 'ssh:ca')).key];
    expect(parseRoster(TOUCH_CA).faults).toBeUndefined();
    expect(parseRoster(TOUCH_CA, { authorityKeys }).faults).toMatchObject([
      { code: 'key-has-role', path: 'sudo_ca.0.key' },
    ]);
  });

  it('CA keys for sudo that the authority does not wait for, and their absence where it does', () => {
    const faults = (text: string, sudoSigner: 'authority' | 'touch') =>
      parseRoster(text, { sudoSigner }).faults?.map(({ code, path }) => `${code} ${path}`);
    expect(faults(TOUCH_CA, 'touch')).toBeUndefined();
    expect(faults(TOUCH_CA, 'authority')).toEqual(['bad-sudo-ca sudo_ca']);
    expect(faults(roster({}), 'authority')).toBeUndefined();
    expect(faults(roster({}), 'touch')).toEqual(['bad-sudo-ca ']);
  });

  it('and says who is left alone', () => {
    const [fault] = faultsOf(roster({ sudo: ', approvals: 2, approvers: [lead]' }));
    expect(fault?.message).toBe('it takes 2 besides ben who may approve: there are 1');
  });
});

describe('parseRoster reads', () => {
  it('defaults of sudo', () => {
    const { roles, hosts, sudoNames, sudoCa: keys } = rosterOf(roster({}));
    expect(roles.get('engineer')?.sudo).toEqual({
      hosts: new Set(['web']),
      everywhere: false,
      lifetime: 3600,
      maxLifetime: 86_400,
      approvals: 0,
      approvers: [],
      reasonRequired: false,
      securityKeysOnly: false,
    });
    expect(roles.get('lead')).not.toHaveProperty('sudo');
    expect([...sudoNames]).toEqual([
      ['web1', hosts.get('web1')],
      ['web2', hosts.get('web2')],
    ]);
    expect(keys).toEqual([]);
  });

  it('the most as default lifetime where it is less than an hour', () => {
    const { roles } = rosterOf(roster({ sudo: ', max_lifetime: 10m' }));
    expect(roles.get('engineer')?.sudo?.lifetime).toBe(600);
  });

  it('all of sudo', () => {
    const sudo =
      ', everywhere: true, lifetime: 10m, max_lifetime: 20m, approvals: 1, approvers: [lead], reason: required, subject_keys: sk';
    expect(rosterOf(roster({ sudo })).roles.get('engineer')?.sudo).toMatchObject({
      everywhere: true,
      lifetime: 600,
      maxLifetime: 1200,
      approvals: 1,
      approvers: ['lead'],
      reasonRequired: true,
      securityKeysOnly: true,
    });
  });

  it('a host under its sudo name, which may be a name that clients use', () => {
    const text = roster({ host: ', names: [web1.example.org], sudo_name: web1.example.org' });
    const { sudoNames } = rosterOf(text);
    expect(sudoNames.get('web1.example.org')?.name).toBe('web1');
    expect(sudoNames.has('web1')).toBe(false);
  });

  it('the CA keys for sudo', () => {
    expect(rosterOf(TOUCH_CA).sudoCa).toMatchObject([
      { person: 'carol', comment: 'k2', state: 'active' },
      { person: 'dan', comment: 'e1', state: 'active', credentialId: 'AAAAAAAAAAAAAAAAAAAAAA' },
    ]);
    expect(rosterOf(TOUCH_CA).sudoCa[0]).not.toHaveProperty('credentialId');
  });

  it('the lists of roles that people have, by what they give', () => {
    const text = `
people:
  a: { logins: [a], roles: [both, none, in] }
  b: { logins: [b], roles: [in, both] }
  c: { logins: [c], roles: [none] }
  d: { logins: [d], roles: [root] }
  e: { logins: [e], roles: [both, in] }
roles:
  both: { login: { hosts: '*' }, sudo: { hosts: '*' } }
  in: { login: { hosts: '*' } }
  root: { sudo: { hosts: '*' } }
  none: {}`;
    const { roleLists, loginLists, sudoLists } = rosterOf(text);
    expect(roleLists).toEqual([['both', 'in'], ['in', 'both'], ['root']]);
    expect(loginLists).toEqual([
      ['both', 'in'],
      ['in', 'both'],
    ]);
    expect(sudoLists).toEqual([['both'], ['root']]);
  });
});
