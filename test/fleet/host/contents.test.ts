/** What stands in the files of a host, and what a host takes for it. */
import { describe, expect, it } from 'vitest';
import type { HostBundleFacts } from '../../../src/fleet/host/contents.ts';
import {
  hostFilesOf,
  parseNames,
  parsePrincipals,
  parseSudoDenied,
} from '../../../src/fleet/host/contents.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { codeOf } from '../../support/code-of.ts';
import { generateKey } from '../../support/keys.ts';
import { runOrThrow } from '../../support/run.ts';

const [LOGIN, OLD, SUDO, BUILDER, HOST] = Array.from(
  { length: 5 },
  () => generateKey('ssh-ed25519').publicKey,
);
if (!LOGIN || !OLD || !SUDO || !BUILDER || !HOST) throw new Error('there are five keys');

const FACTS: HostBundleFacts = {
  host: { name: 'web1', names: ['web1.example.org', 'web1'], groups: ['web', 'all'], sudoName: 'web1' },
  caKeys: [
    { purpose: 'login', key: LOGIN, state: 'active' },
    { purpose: 'login', key: OLD, state: 'retired' },
    { purpose: 'sudo', key: SUDO, state: 'active' },
    { purpose: 'builder', key: BUILDER, state: 'coming' },
    { purpose: 'host', key: HOST, state: 'active' },
  ],
  sudo: { signer: 'authority', everywhere: false },
  logins: ['root', 'alice', 'alice'],
  revoked: { login: Uint8Array.of(1), builder: Uint8Array.of(2) },
  sudoDenied: ['zoe', 'bob', 'bob'],
};

const textOf = (facts: HostBundleFacts, name: keyof ReturnType<typeof hostFilesOf>) => {
  const data = hostFilesOf(facts)[name];
  return data === undefined ? undefined : new TextDecoder().decode(data);
};

describe('the files of a host', () => {
  it('hold its own CA keys, principals and names', () => {
    expect(textOf(FACTS, 'login_ca.pub')).toBe(
      `${formatPublicKeyLine(LOGIN, 'usher-login-ca')}\n${formatPublicKeyLine(OLD, 'usher-login-ca')}\n`,
    );
    expect(textOf(FACTS, 'sudo_ca.pub')).toBe(`${formatPublicKeyLine(SUDO, 'usher-sudo-ca')}\n`);
    expect(textOf(FACTS, 'builder_ca.pub')).toBe(`${formatPublicKeyLine(BUILDER, 'usher-builder-ca')}\n`);
    expect(textOf(FACTS, 'host_ca.pub')).toBe(`${formatPublicKeyLine(HOST, 'usher-host-ca')}\n`);
    expect(textOf(FACTS, 'principals')).toBe(
      'alice alice@web1 alice@web alice@all alice\nroot root@web1 root@web root@all root\n',
    );
    expect(textOf(FACTS, 'names')).toBe('web1.example.org\nweb1\n');
    expect(textOf(FACTS, 'sudo_denied')).toBe('bob\nzoe\n');
    expect(textOf(FACTS, 'sudo_principals')).toBe('sudoer@web1\n');
    expect(hostFilesOf(FACTS)).toMatchObject({
      revoked_keys: Uint8Array.of(1),
      revoked_builder_keys: Uint8Array.of(2),
    });
  });

  it('let sudo for every host in only where a role gives it', () => {
    const facts: HostBundleFacts = { ...FACTS, sudo: { signer: 'authority', everywhere: true } };
    expect(textOf(facts, 'sudo_principals')).toBe('sudoer\nsudoer@web1\n');
  });

  it('of a keyless sudo CA hold its statement and no file of keys', () => {
    const keyless: HostBundleFacts = {
      ...FACTS,
      sudo: { signer: 'statement', everywhere: true, statement: 'usher sudo CA statement v1\n' },
    };
    expect(textOf(keyless, 'sudo_ca.pub')).toBeUndefined();
    expect(textOf(keyless, 'sudo_statement')).toBe('usher sudo CA statement v1\n');
    const unsaid: HostBundleFacts = { ...FACTS, sudo: { signer: 'statement', everywhere: true } };
    expect(textOf(unsaid, 'sudo_statement')).toBeUndefined();
  });

  it.each([
    ['login', 'login_ca.pub'],
    ['sudo', 'sudo_ca.pub'],
    ['builder', 'builder_ca.pub'],
    ['host', 'host_ca.pub'],
  ] as const)('name a key that nobody has, where the only one for %s was revoked', async (purpose, name) => {
    const caKeys = FACTS.caKeys.filter((ca) => ca.purpose !== purpose);
    const file = textOf({ ...FACTS, caKeys }, name) ?? '';
    expect(file).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]{68} usher-no-key\n$/);
    const listed = await runOrThrow('ssh-keygen', ['-l', '-f', '-'], { input: file });
    expect(listed).toBe('256 SHA256:G5gF84OEFlPmOMHXJODDzn+nkhYb8wy9kVpi/FcLD7E usher-no-key (ED25519)\n');
  });

  it('are read back', () => {
    expect(parsePrincipals(textOf(FACTS, 'principals') ?? '')).toEqual(
      new Map([
        ['alice', ['alice@web1', 'alice@web', 'alice@all', 'alice']],
        ['root', ['root@web1', 'root@web', 'root@all', 'root']],
      ]),
    );
    expect(parseSudoDenied(textOf(FACTS, 'sudo_denied') ?? '')).toEqual(['bob', 'zoe']);
    expect(parseNames(textOf(FACTS, 'names') ?? '')).toEqual(FACTS.host.names);
  });
});

describe('a file of principals', () => {
  it.each<[string, string]>([
    ['a login that is a path', '../root root\n'],
    ['a login that is hidden', '.ssh .ssh\n'],
    ['no login', ' alice\n'],
    ['no principal', 'alice\n'],
    ['an empty principal', 'alice alice \n'],
    ['somebody else’s principal', 'root alice@web1\n'],
    ['a principal with options', 'alice command="x",alice\n'],
    ['a principal with two places', 'alice alice@web1@web2\n'],
    ['a login twice', 'alice alice\nalice alice\n'],
    ['an empty line', 'alice alice\n\n'],
    ['a comment', '# alice\n'],
    ['no end', 'alice alice'],
  ])('with %s is refused', (_name, text) => {
    expect(codeOf(() => parsePrincipals(text))).toBe('bad-document');
  });
});

it.each<[string, () => unknown]>([
  ['a denied login that is none', () => parseSudoDenied('alice\n../x\n')],
  ['a list of names that is empty', () => parseNames('')],
  ['a name with a wildcard', () => parseNames('*.example.org\n')],
  ['a name without end', () => parseNames('web1')],
])('%s is refused', (_name, read) => {
  expect(codeOf(read)).toBe('bad-document');
});
