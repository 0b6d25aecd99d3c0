import { describe, expect, it } from 'vitest';
import type { FoundFile, MachineFiles } from '../../../cli/machine/files.ts';
import { changesTo, removals, wantedFiles, wantedNames } from '../../../cli/machine/plan.ts';
import type { HostArchive } from '../../../src/fleet/host/archive.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { generateKey } from '../../support/keys.ts';

const DIRECTORY = '/etc/ssh/usher';
const bytes = (text: string) => new TextEncoder().encode(text);
const CA_LINE = bytes(`${formatPublicKeyLine(generateKey('ssh-ed25519').publicKey)} usher-login-ca\n`);

const FILES: HostArchive = {
  'login_ca.pub': CA_LINE,
  'sudo_ca.pub': CA_LINE,
  'builder_ca.pub': CA_LINE,
  'host_ca.pub': CA_LINE,
  revoked_keys: bytes('KRL'),
  revoked_builder_keys: bytes('KRL'),
  sudo_denied: bytes('bob\n'),
  sudo_principals: bytes('sudoer@web1\n'),
  principals: bytes('alice alice@web1 alice@web alice\nbob bob@web1\n'),
  names: bytes('web1\nweb1.example.org\n'),
};

const wanted = (changes: Readonly<Record<string, Uint8Array | undefined>> = {}) =>
  wantedFiles({ directory: DIRECTORY }, { ...FILES, ...changes } as HostArchive, undefined);
const pathsOf = (files: readonly { readonly path: string }[]) =>
  files.map(({ path }) => path.slice(DIRECTORY.length + 1));

/** What lies on a host, without a host. */
function hostWith(
  files: Readonly<Record<string, Partial<Extract<FoundFile, { kind: 'plain' }>> | 'odd'>>,
): MachineFiles {
  return {
    read: async (path) => {
      const found = files[path.slice(DIRECTORY.length + 1)];
      if (found === undefined || found === 'odd') return found && { kind: 'odd' };
      return { kind: 'plain', contents: bytes(''), mode: 0o644, isRoots: true, ...found };
    },
    list: async (directory) =>
      Object.keys(files).flatMap((path) => {
        const below = `${DIRECTORY}/${path}`.startsWith(`${directory}/`)
          ? `${DIRECTORY}/${path}`.slice(directory.length + 1)
          : '';
        return below === '' || below.includes('/') ? [] : [below];
      }),
    write: () => Promise.reject(new Error('a plan changes nothing')),
    remove: () => Promise.reject(new Error('a plan changes nothing')),
    makeDirectory: () => Promise.reject(new Error('a plan changes nothing')),
  };
}

describe('the files of a bundle', () => {
  it('are written in an order in which what is revoked comes first', () => {
    expect(pathsOf(wanted())).toEqual([
      ...['revoked_keys', 'revoked_builder_keys', 'sudo_denied', 'login_ca.pub', 'builder_ca.pub'],
      ...['host_ca.pub', 'sudo_principals', 'principals/alice', 'principals/bob'],
    ]);
  });

  it('of principals have one on each line', () => {
    const alice = wanted().find(({ path }) => path.endsWith('/alice'));
    expect(new TextDecoder().decode(alice?.contents)).toBe('alice@web1\nalice@web\nalice\n');
  });

  it.each([
    ['no list of revoked keys', { revoked_keys: undefined }],
    ['no CA keys', { 'login_ca.pub': undefined }],
    ['no CA keys of hosts', { 'host_ca.pub': undefined }],
    ['an empty file of CA keys', { 'login_ca.pub': bytes('') }],
    ['comments instead of CA keys', { 'builder_ca.pub': bytes('# none\n') }],
    ['a CA key that can not be read', { 'login_ca.pub': bytes('ssh-ed25519 AAAA\n') }],
    ['an empty list of principals for sudo', { sudo_principals: bytes('') }],
    ['a principal for sudo that is a login', { sudo_principals: bytes('alice\n') }],
    ['a login that is a path', { principals: bytes('../x ../x@web1\n') }],
    ["somebody else's principal", { principals: bytes('alice bob@web1\n') }],
    ['a denied login that is none', { sudo_denied: bytes('A B\n') }],
  ])('are refused with %s', (_title, changes) => {
    expect(() => wanted(changes)).toThrow();
  });

  it('name the names of the host', () => {
    expect(wantedNames(FILES)).toEqual(['web1', 'web1.example.org']);
    expect(() => wantedNames({ ...FILES, names: bytes('') })).toThrow();
  });
});

describe('a file is written', () => {
  const [file] = wanted();
  if (file === undefined) throw new Error('there is one');
  const same = { contents: file.contents };

  it.each([
    ['when it is missing', {}],
    ['when it has other contents', { revoked_keys: { contents: bytes('old') } }],
    ['when others may write it', { revoked_keys: { ...same, mode: 0o666 } }],
    ['when nobody else may read it', { revoked_keys: { ...same, mode: 0o600 } }],
    ["when it is not root's", { revoked_keys: { ...same, isRoots: false } }],
    ['when something else is in its place', { revoked_keys: 'odd' as const }],
  ])('%s', async (_title, files) => {
    expect(await changesTo(hostWith(files), [file])).toMatchObject([{ path: file.path }]);
  });

  it('not when it is as it shall be', async () => {
    expect(await changesTo(hostWith({ revoked_keys: same }), [file])).toEqual([]);
  });
});

it('what is gone from the roster goes, and what was left half written; nothing else', async () => {
  const host = hostWith({
    'principals/alice': {},
    'principals/mallory': {},
    'principals/bob': 'odd',
    'principals/alice.0123456789ab.tmp': {},
    'revoked_keys.0123456789ab.tmp': {},
    'ssh_host_ed25519_key-cert.pub': {},
    notes: {},
  });
  expect(pathsOf(await removals(host, DIRECTORY, wanted()))).toEqual([
    ...['revoked_keys.0123456789ab.tmp', 'principals/mallory', 'principals/alice.0123456789ab.tmp'],
  ]);
});
