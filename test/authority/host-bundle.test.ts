/** What a host gets to know, and who gets to know it. */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HostArchives } from '../../src/authority/host-archives.ts';
import { hostFiles, signHostBundle } from '../../src/authority/host-bundle.ts';
import { revokeLive } from '../../src/authority/revoke-live.ts';
import { unpackFiles } from '../../src/fleet/host/archive.ts';
import { openBundleStatement } from '../../src/fleet/host/bundle-statement.ts';
import { parsePrincipals } from '../../src/fleet/host/contents.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import { fingerprint, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import type { Scene } from './scene.ts';
import { newKey, openScene, ROSTER } from './scene.ts';
import { machineOf, TestHost } from './test-host.ts';

const SUDO_ROSTER = ROSTER.replace(
  'login: { hosts: [web1, db], lifetime: 8h, max_lifetime: 20h }',
  'login: { hosts: [web1, db], lifetime: 8h, max_lifetime: 20h }\n    sudo: { hosts: [web1], lifetime: 1h, max_lifetime: 2h }',
);

async function openWithHost(roster = ROSTER) {
  const scene = await openScene({ roster });
  scene.pass(60);
  const host = await TestHost.enrolled(scene, 'web1');
  return { scene, host, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

async function statementFor(scene: Scene, host: TestHost) {
  const signed = await signHostBundle(scene.authority, host.fetch());
  return openBundleStatement(signed, scene.authority.bundleKey.publicKey);
}

async function filesFor(scene: Scene, host: TestHost) {
  const { filesHash } = await statementFor(scene, host);
  const files = unpackFiles(await hostFiles(scene.authority, host.fetch(), filesHash));
  return Object.fromEntries(
    Object.entries(files).map(([name, data]) => [name, new TextDecoder('latin1').decode(data)]),
  );
}

describe('a bundle', () => {
  it('is signed by the bundle key, for this host, numbered by its time', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const statement = await statementFor(scene, host);
    const bytes = await hostFiles(scene.authority, host.fetch(), statement.filesHash);
    expect(statement).toEqual({
      authority: scene.authority.origin,
      host: 'web1',
      number: scene.now,
      madeAt: scene.now,
      freshUntil: scene.now + 7 * 86_400,
      filesHash: createHash('sha256').update(bytes).digest('hex'),
      filesSize: bytes.length,
    });
  });

  it('has the same files as long as nothing changes, whichever process makes it', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const before = await statementFor(scene, host);
    scene.pass(60);
    const twin = await scene.openTwin();
    const after = openBundleStatement(await signHostBundle(twin, host.fetch()), twin.bundleKey.publicKey);
    expect(after).toMatchObject({ filesHash: before.filesHash, number: before.number + 60 });
  });

  it('holds CA keys, lists, principals and names', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const files = await filesFor(scene, host);
    expect(files).toMatchObject({
      'login_ca.pub': `${formatPublicKeyLine(scene.caKey('login'), 'usher-login-ca')}\n`,
      'sudo_ca.pub': `${formatPublicKeyLine(scene.caKey('sudo'), 'usher-sudo-ca')}\n`,
      'builder_ca.pub': `${formatPublicKeyLine(scene.caKey('builder'), 'usher-builder-ca')}\n`,
      sudo_denied: '',
      sudo_principals: 'sudoer@web1\n',
      names: 'web1.example.org\n',
    });
    expect(files).not.toHaveProperty('sudo_statement');
    expect([...parsePrincipals(files['principals'] ?? '')]).toEqual(
      ['alice', 'bob', 'carol', 'deploy'].map((login) => [login, [`${login}@web1`, `${login}@web`, login]]),
    );
    for (const name of ['revoked_keys', 'revoked_builder_keys'])
      expect(decodeKrl(Buffer.from(files[name] ?? '', 'latin1'))).toMatchObject({ certificates: [] });
  });

  it('has coming keys beside the active one, and no revoked one', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const staged = await scene.caAct({ kind: 'stage-ca', purpose: 'login', key: '' });
    expect((await filesFor(scene, host))['login_ca.pub']?.split('\n')).toHaveLength(3);
    await scene.caAct({
      kind: 'revoke-ca',
      purpose: 'login',
      key: fingerprint(scene.caKey('login')),
      reason: 'stolen',
    });
    const { 'login_ca.pub': left } = await filesFor(scene, host);
    expect(left).toBe(`${staged.key} usher-login-ca\n`);
  });

  it('still comes when the only key of a purpose was revoked: it takes the key out of the host, and lists it', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const [login, sudo] = [scene.caKey('login'), scene.caKey('sudo')].map(fingerprint);
    for (const [purpose, key = ''] of [
      ['login', login],
      ['sudo', sudo],
    ] as const)
      await scene.caAct({ kind: 'revoke-ca', purpose, key, reason: 'stolen' });
    const files = await filesFor(scene, host);
    for (const name of ['login_ca.pub', 'sudo_ca.pub'])
      expect(files[name]).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]{68} usher-no-key\n$/);
    const krl = decodeKrl(Buffer.from(files['revoked_keys'] ?? '', 'latin1'));
    expect(krl.sha256Fingerprints).toHaveLength(2);
  });

  it('names who may not sudo, until the certificate would have ended', async () => {
    await using opened = await openWithHost(SUDO_ROSTER);
    const { scene, host } = opened;
    const alice = await scene.enrol('alice');
    await scene.touch(await scene.askSudo('alice', { hosts: ['web1'] }), alice);
    expect((await filesFor(scene, host))['sudo_denied']).toBe('');
    const cause = { cause: 'person', subject: 'alice', reason: 'test' } as const;
    await scene.authority.store.write((tx) => revokeLive(tx, { kind: 'all' }, cause, scene.now));
    expect((await filesFor(scene, host))['sudo_denied']).toBe('alice\n');
    scene.pass(3 * 3600);
    expect((await filesFor(scene, host))['sudo_denied']).toBe('');
  });

  it('lets sudo for every host in once a role gives it', async () => {
    await using opened = await openWithHost(SUDO_ROSTER.replace('sudo: {', 'sudo: { everywhere: true,'));
    const { scene, host } = opened;
    expect((await filesFor(scene, host))['sudo_principals']).toBe('sudoer\nsudoer@web1\n');
  });

  it('holds a fleet with 10,000 accounts', { timeout: 60_000 }, async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => `  p${n}: { logins: [u${n}], roles: [engineer] }`);
    await using opened = await openWithHost(ROSTER.replace('people:', `people:\n${many.join('\n')}`));
    const { scene, host } = opened;
    const files = await filesFor(scene, host);
    expect(parsePrincipals(files['principals'] ?? '').size).toBe(10_004);
  });
});

describe('a number of a bundle', () => {
  it('has one content, whatever changes within its second, and a later content has a greater one', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const contents = new Map<number, string>();
    const look = async () => {
      const { number, madeAt, freshUntil, filesHash } = await statementFor(scene, host);
      expect({ madeAt, freshUntil }).toEqual({ madeAt: number, freshUntil: number + 7 * 86_400 });
      expect(contents.get(number) ?? filesHash).toBe(filesHash);
      expect(number).toBeGreaterThanOrEqual(Math.max(scene.now, ...contents.keys()));
      contents.set(number, filesHash);
    };
    const revokeKey = () =>
      scene.authority.store.write((tx) => tx.revokeKey(fingerprint(newKey().publicKey), scene.now));
    const rename = (name: string) =>
      scene.loadRoster(ROSTER.replace('logins: [bob]', `logins: [bob, ${name}]`));
    scene.pass(1);
    await look();
    for (const change of [() => rename('b1'), () => rename('b2'), revokeKey, revokeKey, () => rename('b3')]) {
      await change();
      await look();
    }
    scene.pass(1);
    await look();
    await scene.caAct({ kind: 'stage-ca', purpose: 'login', key: '' });
    await look();
    expect(new Set(contents.values()).size).toBe(7);
    scene.pass(60);
    await look();
    expect(Math.max(...contents.keys())).toBe(scene.now);
  });
});

describe('an archive', () => {
  it('is made once for one content, however often a host asks', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const { filesHash } = await statementFor(scene, host);
    const bytes = () => hostFiles(scene.authority, host.fetch(), filesHash);
    const first = await bytes();
    expect(await bytes()).toBe(first);
    scene.pass(60);
    expect(await Promise.all([bytes(), bytes()])).toEqual([first, first]);
  });

  it('is another one for another host, and after each change', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const other = await TestHost.enrolled(scene, 'web2');
    const hashes = new Set<string>();
    const look = async (of: TestHost) => hashes.add((await statementFor(scene, of)).filesHash);
    await look(host);
    await look(other);
    await scene.loadRoster(ROSTER.replace('logins: [bob]', 'logins: [bob, robert]'));
    await look(host);
    await scene.authority.store.write((tx) => tx.revokeKey(fingerprint(newKey().publicKey), scene.now));
    await look(host);
    await scene.caAct({ kind: 'stage-ca', purpose: 'builder', key: '' });
    await look(host);
    expect(hashes.size).toBe(5);
  });
});

describe('archives in memory', () => {
  const archive = (name: string, size: number) => ({ host: name, bytes: new Uint8Array(size), hash: name });

  it('are as many as fit, those that were asked for last; and the newest, however large', () => {
    const archives = new HostArchives(100);
    const make = (key: string, size: number) => archives.get(key) ?? archives.keep(key, archive(key, size));
    const [a, b] = [make('a', 40), make('b', 40)];
    expect(archives.get('a')).toBe(a);
    make('c', 40);
    expect([archives.get('a'), archives.get('b')]).toEqual([a, undefined]);
    expect(b.hash).toBe('b');
    const large = make('large', 1000);
    expect([archives.get('a'), archives.get('c'), archives.get('large')]).toEqual([
      undefined,
      undefined,
      large,
    ]);
    make('d', 60);
    expect(archives.get('large')).toBeUndefined();
  });
});

describe('the files', () => {
  it('are those of the statement, or a new one has to be asked for', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const { filesHash } = await statementFor(scene, host);
    await scene.loadRoster(ROSTER.replace('logins: [bob]', 'logins: [bob, robert]'));
    expect(await codeOfAsync(hostFiles(scene.authority, host.fetch(), filesHash))).toBe('bundle-changed');
    expect(await codeOfAsync(hostFiles(scene.authority, host.fetch(), '0'.repeat(64)))).toBe(
      'bundle-changed',
    );
  });

  it('of one host are not those of another', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const other = await TestHost.enrolled(scene, 'web2');
    const { filesHash } = await statementFor(scene, host);
    expect(await codeOfAsync(hostFiles(scene.authority, other.fetch(), filesHash))).toBe('bundle-changed');
  });
});

describe('who is refused', () => {
  it('learns nothing from it: unknown host, unknown key, key of another host, wrong signature, another authority', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const other = await TestHost.enrolled(scene, 'web2');
    const strangers = [
      host.fetch({ host: 'nohost' }),
      host.fetch({ host: 'db1' }),
      host.fetch({}, newKey()),
      host.fetch({}, other.keys[0]),
      host.fetch().replace('host web1', 'host web2'),
      host.fetch({ authority: 'https://evil.example' }),
    ];
    const errors = await Promise.all(
      strangers.map((body) => signHostBundle(scene.authority, body).catch((error: unknown) => error)),
    );
    expect(new Set(errors.map(String)).size).toBe(1);
    expect(errors[0]).toMatchObject({ code: 'host-call-refused' });
  });

  it.for<[string, (scene: Scene, host: TestHost) => unknown, string]>([
    [
      'is a host that left the roster',
      (scene) => scene.loadRoster(ROSTER.replace(/ {2}web1: .*\n/, '').replace('[web1, db]', '[db]')),
      'unknown-host',
    ],
    ['is a machine that is locked', lock, 'machine-locked'],
    ['has a key that was revoked', revokeKey, 'key-revoked'],
  ])('%s', async ([, change, code]) => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    await change(scene, host);
    expect(await codeOfAsync(signHostBundle(scene.authority, host.fetch()))).toBe(code);
    expect(await codeOfAsync(hostFiles(scene.authority, host.fetch(), '0'.repeat(64)))).toBe(code);
  });

  it.for([-301, 301])('has a clock that is %i seconds off', async (seconds) => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const body = host.fetch({ time: scene.now + seconds });
    expect(await codeOfAsync(signHostBundle(scene.authority, body))).toBe('clock-skew');
  });

  it.for(['', 'secret x', 'usher host fetch v1\n', randomBytes(512).toString('latin1')])(
    'sends what is no document (%#)',
    async (body) => {
      await using scene = await openScene();
      expect(['malformed-request', 'host-call-refused']).toContain(
        await codeOfAsync(signHostBundle(scene.authority, body)),
      );
    },
  );
});

/** A host that was away for months still gets to know whom to trust. */
it('a host whose certificate has ended gets its bundle', async () => {
  await using opened = await openWithHost();
  const { scene, host } = opened;
  scene.pass(90 * 86_400);
  expect(await statementFor(scene, host)).toMatchObject({ host: 'web1', number: scene.now });
});

async function lock(scene: Scene): Promise<void> {
  const machine = await machineOf(scene, 'web1');
  if (machine === undefined) throw new Error('the machine has enrolled');
  await scene.authority.store.write((tx) => tx.saveMachine({ ...machine, lockedAt: scene.now }));
}

async function revokeKey(scene: Scene, host: TestHost): Promise<void> {
  const key = host.keys[0];
  if (key === undefined) throw new Error('the host has a key');
  await scene.authority.store.write((tx) => tx.revokeKey(fingerprint(key.publicKey), scene.now));
}
