/** The text of each file for a host; test/interop/fleet has the real programs read it. */
import { describe, expect, it } from 'vitest';
import type { CaKey } from '../../src/fleet/ca-file.ts';
import { formatCaFile, OFFLINE_COMMENT } from '../../src/fleet/ca-file.ts';
import type { HostFacts } from '../../src/fleet/host-facts.ts';
import { hostComment } from '../../src/fleet/host-facts.ts';
import { formatNixos } from '../../src/fleet/nixos.ts';
import { formatPam, pamLines } from '../../src/fleet/pam.ts';
import { formatSshd } from '../../src/fleet/sshd.ts';
import { formatSudoers } from '../../src/fleet/sudoers.ts';
import { formatService } from '../../src/fleet/systemd.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { codeOf } from '../support/code-of.ts';
import { generateKey, generateSecurityKey } from '../support/keys.ts';

const FACTS: HostFacts = { sudoName: 'web1', everywhere: true, directory: '/etc/ssh/usher' };
const EVIL = [
  '',
  '=',
  'a=b',
  'a b',
  'a,b',
  'a\nb',
  'a\r',
  'a\0',
  '"',
  "'",
  '\\',
  '$(id)',
  '%u',
  '#',
  '*',
  '@x',
  'é',
];

/** Lines that are no comments. */
const linesOf = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('a value that some format would read as more than a word', () => {
  it.each([...EVIL, 'root', 'sudoer', 'nix-builder', 'Web1', '-x', 'a..b', 'x'.repeat(201)])(
    'is refused as the name of a host: %j',
    (name) => {
      const facts = { ...FACTS, sudoName: name };
      expect(codeOf(() => formatPam(facts))).toBe('bad-value');
      expect(codeOf(() => formatNixos({ ...facts, noninteractive: false }))).toBe('bad-value');
      expect(codeOf(() => hostComment(name))).toBe('bad-value');
    },
  );

  it.each([
    ...EVIL.map((evil) => `/etc/${evil}`),
    'etc/x',
    '/etc/../x',
    '/etc/.',
    '/',
    '/a/',
    '/-/..',
    `/${'x'.repeat(200)}`,
  ])('is refused as a directory: %j', (directory) => {
    const facts = { ...FACTS, directory };
    expect(codeOf(() => formatPam(facts))).toBe('bad-value');
    expect(codeOf(() => formatSshd(directory))).toBe('bad-value');
    expect(codeOf(() => formatNixos({ ...facts, noninteractive: false }))).toBe('bad-value');
  });

  it.each([
    ...EVIL.filter((evil) => evil !== '%u'),
    'ALL',
    '%',
    '%%sudo',
    'alice ALL=(ALL) NOPASSWD: ALL',
    '#0',
    '+net',
    '1x',
  ])('is refused in a rule of sudoers: %j', (rule) => {
    expect(codeOf(() => formatSudoers({ noninteractive: false, rule }))).toBe('bad-value');
  });
});

describe('the PAM lines', () => {
  it('refuse the denied first, then ask pam-ussh for what this host takes', () => {
    expect(linesOf(formatPam(FACTS))).toEqual([
      'auth requisite pam_listfile.so item=user sense=deny file=/etc/ssh/usher/sudo_denied onerr=fail',
      'auth sufficient pam_ussh.so ca_file=/etc/ssh/usher/sudo_ca.pub authorized_principals=sudoer,sudoer@web1',
    ]);
  });

  it('leave out the principal of every host where it is not to count', () => {
    const [, line] = pamLines({ ...FACTS, sudoName: 'web-1.example.org', everywhere: false });
    expect(line).toMatch(/ authorized_principals=sudoer@web-1\.example\.org$/);
  });
});

describe('every file', () => {
  const nixos = formatNixos({ ...FACTS, noninteractive: true, loginCa: 'a\n', sudoCa: 'b\n' });
  it.each([
    ['pam', formatPam(FACTS)],
    ['sudoers', formatSudoers({ noninteractive: true, rule: '%sudo' })],
    ['sshd', formatSshd(FACTS.directory)],
    ['nixos', nixos],
  ])('%s: no group=, no env_keep, no other target, one newline at the end', (_name, text) => {
    const settings = text.replaceAll(/^\s*#.*$/gm, '');
    expect(settings).not.toMatch(/group\s*=[^=]|env_keep|rootpw|targetpw|NOPASSWD/);
    expect(text).toMatch(/[^\n]\n$/);
  });
});

describe('the service that syncs a host', () => {
  const settingsOf = (text: string, line: RegExp) =>
    [...text.matchAll(line)].map(([, name, value]) => [name, value]).filter(([name]) => name !== 'ExecStart');

  it.each(['usher', 'script'] as const)('has the same settings as a unit and on NixOS: %s', (sync) => {
    const unit = formatService({ program: sync, directory: FACTS.directory }).split('[Service]\n')[1] ?? '';
    const settings = settingsOf(unit, /^(\w+)=(.*)$/gm);
    const nixos = formatNixos({ ...FACTS, noninteractive: false, sync });
    const [, service = ''] = nixos.split('serviceConfig = {');
    expect(settingsOf(service.split('};')[0] ?? '', /^ *(\w+) = "(.*)";$/gm)).toEqual(settings);
    expect(settings).toContainEqual(['TimeoutStartSec', '10min']);
  });
});

describe('sudoers', () => {
  it('always asks again; the rest only on request', () => {
    expect(linesOf(formatSudoers({ noninteractive: false }))).toEqual(['Defaults timestamp_timeout=0']);
    expect(linesOf(formatSudoers({ noninteractive: true, rule: '%sudo' }))).toEqual([
      'Defaults timestamp_timeout=0',
      'Defaults noninteractive_auth',
      '%sudo ALL=(ALL:ALL) ALL',
    ]);
  });
});

describe('a file of CA keys', () => {
  const [LOGIN, SUDO, OLD, GLASS, HOST] = ['login', 'sudo', 'old', 'glass', 'host'].map(
    () => generateKey('ssh-ed25519').publicKey,
  ) as [PublicKey, PublicKey, PublicKey, PublicKey, PublicKey];
  const KEYS: readonly CaKey[] = [
    { purpose: 'login', key: LOGIN, state: 'active' },
    { purpose: 'sudo', key: SUDO, state: 'coming' },
    { purpose: 'sudo', key: OLD, state: 'retired' },
    { purpose: 'login', key: GLASS, state: 'offline' },
    { purpose: 'sudo', key: GLASS, state: 'offline' },
    { purpose: 'host', key: HOST, state: 'active' },
  ];
  const lines = (purpose: string, ...keys: readonly PublicKey[]) =>
    keys
      .map((key) => formatPublicKeyLine(key, key === GLASS ? OFFLINE_COMMENT : `usher-${purpose}-ca`))
      .map((line) => `${line}\n`)
      .join('');

  it('has the keys of its purpose in every state, and no other', () => {
    expect(formatCaFile(KEYS, 'login')).toBe(lines('login', LOGIN, GLASS));
    expect(formatCaFile(KEYS, 'sudo')).toBe(lines('sudo', SUDO, OLD, GLASS));
    expect(formatCaFile(KEYS, 'host')).toBe(lines('host', HOST));
  });

  it('is not made empty', () => {
    expect(codeOf(() => formatCaFile(KEYS, 'builder'))).toBe('no-ca-key');
    expect(codeOf(() => formatCaFile([], 'sudo'))).toBe('no-ca-key');
  });

  it('is not made when one of its keys has another purpose too', () => {
    const shared: CaKey = { purpose: 'sudo', key: LOGIN, state: 'retired' };
    expect(codeOf(() => formatCaFile([...KEYS, shared], 'sudo'))).toBe('shared-ca-key');
    expect(codeOf(() => formatCaFile([...KEYS, shared], 'login'))).toBe('shared-ca-key');
    for (const purpose of ['login', 'sudo'])
      expect(codeOf(() => formatCaFile([...KEYS, { ...shared, key: GLASS }], purpose))).toBe('shared-ca-key');
  });

  it('takes the same key as another type for the same key', () => {
    const { publicKey } = generateSecurityKey('sk-ssh-ed25519@openssh.com');
    const plain: PublicKey = { type: 'ssh-ed25519', point: publicKey.point as Uint8Array };
    const keys: readonly CaKey[] = [
      { purpose: 'sudo', key: publicKey, state: 'active' },
      { purpose: 'host', key: plain, state: 'active' },
    ];
    expect(codeOf(() => formatCaFile(keys, 'sudo'))).toBe('shared-ca-key');
  });
});
