import { describe, expect, it } from 'vitest';
import type { SshdQuestion } from '../../cli/doctor/host/sshd.ts';
import { checkSshd, parseSshdConfig } from '../../cli/doctor/host/sshd.ts';
import { encodeKrl } from '../../src/ssh/krl.ts';
import { encodePublicKey, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { NOW } from '../support/certificates.ts';
import { generateSigner } from '../support/keys.ts';
import type { Tree } from './support/host-tree.ts';
import { hostTree } from './support/host-tree.ts';

const LOGIN_CA = generateSigner('ssh-ed25519').publicKey;
const SUDO_CA = generateSigner('ssh-ed25519').publicKey;
const SUDO_BLOB = encodePublicKey(SUDO_CA);
const ALICE = { name: 'alice', uid: 1000, groups: [] };
const GOOD = {
  trustedusercakeys: '/ca',
  allowagentforwarding: 'yes',
  disableforwarding: 'no',
  authorizedprincipalsfile: '/principals/%u',
  revokedkeys: '/krl',
};

interface Changes extends Partial<Omit<SshdQuestion, 'files' | 'config'>> {
  readonly config?: Readonly<Record<string, string>>;
  readonly tree?: Tree;
}

function check({ config = {}, tree = {}, ...rest }: Changes = {}) {
  const words = Object.entries({ ...GOOD, ...config }).map(([name, value]) => `${name} ${value}`);
  const files = hostTree({
    '/ca': `${formatPublicKeyLine(LOGIN_CA)}\n`,
    '/principals/alice': 'alice@web1\n',
    '/krl': { text: krl(NOW - 3600) },
    ...tree,
  });
  return checkSshd({
    ...{ files, user: ALICE, sudoKeys: [SUDO_BLOB], emergencyKeys: new Set<string>() },
    ...{ sudoPrincipals: ['sudoer', 'sudoer@web1'], now: NOW, ...rest },
    config: parseSshdConfig(words.join('\n')),
  });
}

/** The host has taken over a bundle of this time. */
function synced(date: number): Readonly<Record<string, { readonly text: string }>> {
  return { '/var/lib/usher/statement': { text: `usher host bundle v1\nmade-at ${date}\n` } };
}

function krl(date: number): Uint8Array {
  const generatedAt = BigInt(date);
  return encodeKrl({
    number: 7n,
    generatedAt,
    comment: '',
    certificates: [],
    keys: [SUDO_CA],
    fingerprints: [],
  });
}

describe('sshd', () => {
  it('is good as usher export sshd has it', () => {
    expect(check()).toMatchObject([
      { id: 'host.sshd', verdict: 'ok' },
      { id: 'host.krl', verdict: 'ok', message: expect.stringContaining('1h') },
    ]);
  });

  it.each([
    [{ allowagentforwarding: 'no' }, 'fail'],
    [{ disableforwarding: 'yes' }, 'fail'],
    [{ trustedusercakeys: 'none' }, 'warn'],
    [{ trustedusercakeys: '/absent' }, 'fail'],
    [{ authorizedprincipalsfile: 'none' }, 'warn'],
    [{ authorizedprincipalsfile: 'none', authorizedprincipalscommand: '/bin/x' }, 'ok'],
  ])('with %j: %s', (config, verdict) => {
    expect(check({ config })[0]).toMatchObject({ id: 'host.sshd', verdict });
  });

  it('must not let certificates for sudo log in', () => {
    const tree = { '/ca': `${formatPublicKeyLine(LOGIN_CA)}\n${formatPublicKeyLine(SUDO_CA)}\n` };
    expect(check({ tree })[0]).toMatchObject({
      verdict: 'fail',
      message: expect.stringContaining('line 2 of /ca'),
    });
    const emergencyKeys = new Set([Buffer.from(SUDO_BLOB).toString('base64')]);
    expect(check({ tree, emergencyKeys })[0]).toMatchObject({ verdict: 'ok' });
  });

  it('must not let principals for sudo log in', () => {
    const tree = { '/principals/alice': '# all\nfrom="*" sudoer@web1\n' };
    expect(check({ tree })[0]).toMatchObject({
      verdict: 'fail',
      message: expect.stringContaining('sudoer@web1'),
    });
    expect(check({ tree, user: undefined })[0]).toMatchObject({ verdict: 'ok' });
  });

  it.each([
    [{ config: { revokedkeys: 'none' } }, 'warn'],
    [{ config: { revokedkeys: '/absent' } }, 'fail'],
    [{ tree: { '/krl': { text: krl(NOW - 40 * 3600) } } }, 'warn'],
    [{ tree: { '/krl': { text: krl(NOW - 40 * 3600) }, ...synced(NOW - 300) } }, 'ok'],
    [{ tree: { '/krl': { text: krl(NOW - 80 * 3600) }, ...synced(NOW - 40 * 3600) } }, 'warn'],
    [{ tree: { '/krl': { text: krl(NOW).subarray(0, -1) } } }, 'fail'],
    [{ tree: { '/krl': { text: 'ssh-ed25519 AAAA\n', modified: NOW - 60 } } }, 'ok'],
    [{ tree: { '/krl': { text: 'ssh-ed25519 AAAA\n', modified: NOW - 40 * 3600 } } }, 'warn'],
    [{ tree: { '/krl': { text: '', modified: NOW } } }, 'ok'],
  ] satisfies readonly (readonly [Changes, string])[])(
    'and its list of revoked keys: %# %s',
    (changes, verdict) => {
      expect(check(changes)[1]).toMatchObject({ id: 'host.krl', verdict });
    },
  );
});
