import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accountOf } from '../../cli/doctor/host/accounts.ts';
import { checkCaFile } from '../../cli/doctor/host/ca-file.ts';
import { checkDeniedFiles } from '../../cli/doctor/host/denied.ts';
import type { HostUser } from '../../cli/doctor/host/files.ts';
import { foreignHand, obstacle } from '../../cli/doctor/host/files.ts';
import { checkModuleLines } from '../../cli/doctor/host/module-lines.ts';
import { emergencyKeys, otherKeys } from '../../cli/doctor/host/other-keys.ts';
import { modulesOf, readAuthStack } from '../../cli/doctor/host/pam-stack.ts';
import { hostFiles } from '../../cli/doctor/host/real-files.ts';
import { parseSshdConfig } from '../../cli/doctor/host/sshd.ts';
import { encodeCertificate } from '../../src/ssh/certificate.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { issue } from '../support/certificates.ts';
import { generateSigner } from '../support/keys.ts';
import type { Tree } from './support/host-tree.ts';
import { hostTree } from './support/host-tree.ts';

const ALICE: HostUser = { name: 'alice', uid: 1000, groups: [{ name: 'staff', gid: 50 }] };
const SUDO_CA = generateSigner('ssh-ed25519');
const LOGIN_CA = generateSigner('ssh-ed25519');
const HOST_CA = generateSigner('ssh-ed25519');
const line = ({ publicKey }: typeof SUDO_CA) => `${formatPublicKeyLine(publicKey)}\n`;

function checkCa(tree: Tree, user: HostUser | undefined = ALICE) {
  const files = hostTree(tree);
  return checkCaFile({ files, path: '/etc/ssh/ca', user, others: otherKeys(files, undefined, undefined) });
}

describe('ca_file', () => {
  it('is good when everybody reads it, root alone writes it, and it holds a key', () => {
    expect(checkCa({ '/etc/ssh/ca': line(SUDO_CA) })).toMatchObject([{ id: 'host.ca_file', verdict: 'ok' }]);
  });

  it.each<[string, Tree]>([
    ['is missing', {}],
    ['is a directory', { '/etc/ssh/ca/x': '' }],
    ['holds no key', { '/etc/ssh/ca': '# nothing\n' }],
    ['can not be read by the user', { '/etc/ssh/ca': { text: line(SUDO_CA), mode: 0o600 } }],
    [
      'is in a directory that the user can not enter',
      { '/etc/ssh/ca': line(SUDO_CA), '/etc/ssh': { mode: 0o700 } },
    ],
    ['may be written by others', { '/etc/ssh/ca': { text: line(SUDO_CA), mode: 0o666 } }],
    ['belongs to somebody', { '/etc/ssh/ca': { text: line(SUDO_CA), uid: 1000 } }],
    ['is in a directory of somebody', { '/etc/ssh/ca': line(SUDO_CA), '/etc/ssh': { uid: 1000 } }],
    ['holds a login CA', { '/etc/ssh/ca': line(LOGIN_CA), '/etc/ssh/usher/login_ca.pub': line(LOGIN_CA) }],
    [
      'holds a host CA',
      { '/etc/ssh/ca': line(HOST_CA), '/etc/ssh/ssh_known_hosts': `@cert-authority * ${line(HOST_CA)}` },
    ],
  ])('fails when it %s', (_situation, tree) => {
    expect(checkCa(tree)[0]).toMatchObject({ id: 'host.ca_file', verdict: 'fail' });
  });

  it('passes on what is wrong with its lines', () => {
    expect(checkCa({ '/etc/ssh/ca': `${line(SUDO_CA)}garbage\n` })[0]).toMatchObject({ verdict: 'warn' });
  });

  it('may hold a key for logins only where that is kept for emergencies', () => {
    const offline = `${formatPublicKeyLine(SUDO_CA.publicKey, 'usher-break-glass')}\n`;
    const tree = (loginCa: string) => ({
      '/etc/ssh/ca': line(SUDO_CA),
      '/etc/ssh/usher/login_ca.pub': loginCa,
    });
    expect(checkCa(tree(offline))[0]).toMatchObject({ verdict: 'ok' });
    const both = { ...tree(line(SUDO_CA)), '/etc/ssh/usher/sudo_ca.pub': line(SUDO_CA) };
    expect(checkCa(both)[0]).toMatchObject({ verdict: 'fail' });
    expect([...emergencyKeys(hostTree(tree(offline)))]).toHaveLength(1);
    expect([...emergencyKeys(hostTree(both))]).toEqual([]);
  });
});

describe('the keys of other purposes', () => {
  it('are those of sshd and of its own certificate, too', () => {
    const certificate = issue(HOST_CA, { type: 'host', principals: ['web1'], extensions: [] });
    const blob = Buffer.from(encodeCertificate(certificate)).toString('base64');
    const files = hostTree({
      '/trusted': line(LOGIN_CA),
      '/host-cert.pub': `ssh-ed25519-cert-v01@openssh.com ${blob}\n`,
    });
    const config = parseSshdConfig(
      'trustedusercakeys /trusted\nhostcertificate /host-cert.pub\nhostcertificate /absent',
    );
    expect(otherKeys(files, config, undefined).map(({ what }) => what)).toEqual([
      'the host CA that signed /host-cert.pub',
      "a CA key of sshd's logins (/trusted)",
    ]);
  });

  it('are those of the bundle, without the ones for emergencies', () => {
    const caKeys = [
      { purpose: 'login', state: 'active', key: LOGIN_CA.publicKey },
      { purpose: 'login', state: 'offline', key: HOST_CA.publicKey },
      { purpose: 'sudo', state: 'active', key: SUDO_CA.publicKey },
    ] as const;
    const logKey = { name: 'x', publicKey: new Uint8Array(32) };
    const reply = { statement: '', signature: '' };
    const bundle = {
      reply,
      rpId: 'ca.example.org',
      bundleKey: LOGIN_CA.publicKey,
      number: 1,
      freshUntil: 1,
      caKeys,
      logKey,
      pins: { bundleKey: '' },
    };
    expect(otherKeys(hostTree({}), undefined, bundle)).toMatchObject([
      { what: 'a login CA key of ca.example.org' },
    ]);
  });
});

function checkLine(moduleArguments: string, tree: Tree = {}) {
  const files = hostTree({
    '/etc/pam.d/sudo': `auth sufficient pam_ussh.so ${moduleArguments}\n`,
    '/ca': line(SUDO_CA),
    ...tree,
  });
  const modules = modulesOf(readAuthStack(files, 'sudo')?.steps ?? []);
  return checkModuleLines({ files, modules, user: ALICE, others: [] });
}

describe('the arguments of pam_ussh.so', () => {
  it('are good as usher export pam has them', () => {
    expect(
      checkLine('ca_file=/ca authorized_principals=sudoer,sudoer@web1').map(({ verdict }) => verdict),
    ).toEqual(['ok', 'ok']);
  });

  it.each([
    ['group=', 'ca_file=/ca authorized_principals=sudoer group=admins', 'host.pam-line'],
    ['a bare option', 'ca_file=/ca authorized_principals=sudoer group', 'host.pam-line'],
    ['"=" in a value', 'ca_file=/ca authorized_principals=role=admin', 'host.pam-line'],
    ['an empty name', 'ca_file=/ca authorized_principals=', 'host.pam-line'],
    ['a blank that PAM kept', 'ca_file=/ca [authorized_principals=a, b]', 'host.pam-line'],
    ['an empty file of principals', 'ca_file=/ca authorized_principals_file=/empty', 'host.principals-file'],
    ['stray blanks in it', 'ca_file=/ca authorized_principals_file=/blanks', 'host.principals-file'],
    ['sshd options in it', 'ca_file=/ca authorized_principals_file=/options', 'host.principals-file'],
    [
      'a missing file of principals',
      'ca_file=/ca authorized_principals_file=/absent',
      'host.principals-file',
    ],
    [
      'a file of principals that others may write',
      'ca_file=/ca authorized_principals_file=/open',
      'host.principals-file',
    ],
    ['a missing ca_file', 'ca_file=/absent authorized_principals=sudoer', 'host.ca_file'],
    ['no ca_file, and none at the usual place', 'authorized_principals=sudoer', 'host.ca_file'],
  ])('fail with %s', (_situation, moduleArguments, id) => {
    const tree = {
      '/empty': '',
      '/blanks': 'sudoer@web1 \n',
      '/options': 'from="10.0.0.1" sudoer@web1\n',
      '/open': { text: 'sudoer@web1\n', mode: 0o664 },
    };
    expect(checkLine(moduleArguments, tree)).toContainEqual(expect.objectContaining({ id, verdict: 'fail' }));
  });

  it.each([
    ['a comment', '/comment', 'host.principals-file'],
    ['an empty line', '/line', 'host.principals-file'],
  ])('are warned of %s in the file of principals', (_situation, path, id) => {
    const tree = { '/comment': '# all\nsudoer@web1\n', '/line': 'sudoer@web1\n\n' };
    const found = checkLine(`ca_file=/ca authorized_principals_file=${path}`, tree);
    expect(found).toContainEqual(expect.objectContaining({ id, verdict: 'warn' }));
  });

  it('are warned of principals that are logins, and of none', () => {
    expect(checkLine('ca_file=/ca authorized_principals=alice')).toContainEqual(
      expect.objectContaining({ id: 'host.principals-file', verdict: 'warn' }),
    );
    expect(checkLine('ca_file=/ca')).toContainEqual(
      expect.objectContaining({ id: 'host.pam-line', verdict: 'warn' }),
    );
  });

  it('that name what only root may read are no fault', () => {
    const tree = { '/secret': { text: 'sudoer@web1\n', mode: 0o600, forbidden: true } };
    const found = checkLine('ca_file=/ca authorized_principals_file=/secret', tree);
    expect(found.map(({ id, verdict }) => `${verdict} ${id}`)).toEqual([
      'warn host.principals-file',
      'ok host.ca_file',
    ]);
  });

  it('that stand in two services are said once', () => {
    const files = hostTree({
      '/etc/pam.d/sudo': 'auth required pam_ussh.so group=x\nauth required pam_ussh.so group=x\n',
    });
    const modules = modulesOf(readAuthStack(files, 'sudo')?.steps ?? []);
    const found = checkModuleLines({ files, modules, user: undefined, others: [] });
    expect(found.filter(({ verdict, id }) => verdict === 'fail' && id === 'host.pam-line')).toHaveLength(1);
  });
});

describe('the list of who is denied', () => {
  const check = (tree: Tree) =>
    checkDeniedFiles({ files: hostTree(tree), paths: ['/denied', '/denied'], user: ALICE });

  it.each<[string, Tree, readonly string[]]>([
    ['is empty', { '/denied': '' }, []],
    ['is missing', {}, ['fail']],
    ['may be written by others', { '/denied': { text: '', mode: 0o622 } }, ['fail']],
    ['names somebody else', { '/denied': 'bob\nalicea\n' }, []],
    ['names the person', { '/denied': 'bob\nalice\n' }, ['warn']],
  ])('%s', (_situation, tree, verdicts) => {
    expect(check(tree).map(({ verdict }) => verdict)).toEqual(verdicts);
  });
});

describe('who may read a file', () => {
  const owner = (path: string, mode: number, uid = 0, gid = 0) => ({ path, mode, uid, gid });

  it.each([
    [[owner('/a', 0o755), owner('/a/b', 0o644)], undefined],
    [[owner('/a', 0o700), owner('/a/b', 0o644)], '/a'],
    [[owner('/a', 0o711), owner('/a/b', 0o600)], '/a/b'],
    [[owner('/a', 0o750, 0, 50), owner('/a/b', 0o640, 0, 50)], undefined],
    [[owner('/a', 0o750, 0, 51), owner('/a/b', 0o640, 0, 50)], '/a'],
    // The owner is judged by the owner's bits, even where others have more.
    [[owner('/a/b', 0o044, 1000)], '/a/b'],
    [[owner('/a/b', 0o604, 0, 50)], '/a/b'],
  ])('%j: stopped at %s', (way, path) => {
    expect(obstacle(way, ALICE)?.path).toBe(path);
    expect(obstacle(way, { name: 'root', uid: 0, groups: [] })).toBeUndefined();
  });

  it('and who may change it', () => {
    expect(foreignHand([owner('/tmp', 0o1777), owner('/tmp/x', 0o644)])).toBeUndefined();
    expect(foreignHand([owner('/tmp', 0o777), owner('/tmp/x', 0o644)])?.path).toBe('/tmp');
    expect(foreignHand([owner('/tmp', 0o1777), owner('/tmp/x', 0o1666)])?.path).toBe('/tmp/x');
  });
});

describe('the accounts below a root', () => {
  it('have the groups that name them, and their own', () => {
    const files = hostTree({
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nalice:x:1000:50::/:/bin/sh\n',
      '/etc/group': 'staff:x:50:\nsudo:x:27:bob,alice\nother:x:9:alicea\n',
    });
    const groups = [
      { name: 'staff', gid: 50 },
      { name: 'sudo', gid: 27 },
    ];
    expect(accountOf(files, 'alice')).toEqual({ name: 'alice', uid: 1000, groups });
    expect(accountOf(files, 'carol')).toBeUndefined();
  });
});

describe('the files below a directory', () => {
  it('are found through links as the host would follow them', async () => {
    const root = await mkdtemp(join(tmpdir(), 'usher-test-host-'));
    try {
      await mkdir(join(root, 'etc/static/pam.d'), { recursive: true });
      await writeFile(join(root, 'etc/static/pam.d/sudo'), 'text');
      await chmod(join(root, 'etc/static/pam.d/sudo'), 0o640);
      await symlink('/etc/static/pam.d', join(root, 'etc/pam.d'));
      await symlink('../../../../etc/hosts', join(root, 'etc/outside'));
      await symlink('loop', join(root, 'etc/loop'));
      await utimes(join(root, 'etc/static/pam.d/sudo'), 1000, 1000);
      const files = hostFiles(root);
      expect(files.read('/etc/pam.d/sudo')).toEqual({
        kind: 'bytes',
        bytes: new Uint8Array(Buffer.from('text')),
      });
      expect(files.list('/etc/pam.d')).toEqual(['sudo']);
      expect(files.modified('/etc/pam.d/sudo')).toBe(1000);
      expect(files.way('/etc/pam.d/sudo')?.at(-1)).toMatchObject({
        path: '/etc/static/pam.d/sudo',
        mode: 0o640,
      });
      expect(files.read('/etc/pam.d')).toEqual({ kind: 'directory' });
      for (const path of ['/etc/outside', '/etc/loop', '/etc/absent'])
        expect(files.way(path)).toBeUndefined();
      expect(files.read('/etc/outside')).toMatchObject({ kind: 'error' });
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
