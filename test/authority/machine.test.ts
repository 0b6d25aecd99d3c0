/** Hosts enrol and renew by themselves; the generation rule, line by line. Refusals first. */
import { hex } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { inviteHost } from '../../src/authority/host-invite.ts';
import { certifyHost } from '../../src/authority/machine-certificates.ts';
import { revokeLive } from '../../src/authority/revoke-live.ts';
import { openCertificatesDocument } from '../../src/fleet/host/certificates-document.ts';
import { secretHash } from '../../src/fleet/host/secret.ts';
import { verifyCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import { keyIdentity } from '../../src/ssh/key-identity.ts';
import {
  encodePublicKey,
  fingerprint,
  formatPublicKeyLine,
  parsePublicKeyLine,
  samePublicKey,
} from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { generateKey, generateSecurityKey } from '../support/keys.ts';
import type { Scene } from './scene.ts';
import { caSigner, newKey, openScene, ROSTER, START } from './scene.ts';
import { Gate, stagedSigner, stagedStore } from './stage.ts';
import { inviteTo, leafKinds, leavesOf, machineOf, newSecretText, TestHost } from './test-host.ts';

const DAY = 86_400;

async function logSize(scene: Scene): Promise<number> {
  return (await scene.authority.store.read((tx) => tx.logHead())).size;
}

function isRevoked(scene: Scene, serial: bigint): Promise<boolean> {
  return scene.authority.store.read(async (tx) => (await tx.revocationCause(serial)) !== undefined);
}

const serialsOf = (reply: Awaited<ReturnType<TestHost['renew']>>) =>
  reply.certificates.map(({ fields }) => fields.serial);

/** Web1, which is at some generation after this many renewals. */
async function openWithHost(renewals = 0) {
  const scene = await openScene();
  const host = await TestHost.enrolled(scene, 'web1');
  for (let count = 0; count < renewals; count++) {
    scene.pass(DAY);
    await host.renew();
  }
  return { scene, host, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

describe('a host that enrols', () => {
  it('gets one certificate for each key, with exactly the names of the roster', async () => {
    await using scene = await openScene();
    const host = await TestHost.invited(scene, 'web1');
    const reply = await host.renew();
    expect(reply).toMatchObject({ host: 'web1', generation: 1 });
    expect(reply.certificates).toHaveLength(2);
    for (const [index, certificate] of reply.certificates.entries()) {
      const { fields } = certificate;
      expect(fields).toMatchObject({
        type: 'host',
        principals: ['web1.example.org'],
        validAfter: BigInt(START - 300),
        validBefore: BigInt(START + 30 * DAY),
        criticalOptions: [],
        extensions: [],
        subject: host.keys[index]?.publicKey,
      });
      expect(fields.keyId).toMatch(/^host:web1:[A-Za-z0-9_-]{22}$/);
      expect(samePublicKey(fields.authority, scene.caKey('host'))).toBe(true);
      expect(verifyCertificateSignature(certificate)).toBe(true);
    }
  });

  it('leaves certificates, keys and leaves from which the request can be verified offline', async () => {
    await using scene = await openScene();
    const host = await TestHost.invited(scene, 'web1');
    const token = host.state.secret;
    const { certificates } = await host.renew();
    const logged = (await leavesOf(scene)).filter((leaf) => leaf.kind === 'host-certificate');
    expect(logged).toHaveLength(2);
    for (const [index, leaf] of logged.entries()) {
      expect(leaf).toMatchObject({ host: 'web1', generation: 1, index });
      const text = new TextDecoder().decode(leaf.request);
      expect(openCertificatesDocument(text)).toMatchObject({
        host: 'web1',
        generation: 0,
        secretHash: secretHash(token),
      });
      expect(text).not.toContain(token);
    }
    for (const { fields } of certificates) {
      const stored = await scene.authority.store.read((tx) => tx.findCertificate(fields.serial));
      expect(stored).toMatchObject({ purpose: 'host', person: 'web1', keyId: fields.keyId });
      expect(await scene.authority.store.read((tx) => tx.keyUse(keyIdentity(fields.subject)))).toEqual({
        role: 'host',
      });
    }
  });

  it('takes RSA and ECDSA keys too', async () => {
    await using scene = await openScene();
    const keys = [generateKey('ssh-rsa'), generateKey('ecdsa-sha2-nistp521'), newKey()];
    const { certificates } = await (await TestHost.invited(scene, 'web1', keys)).renew();
    expect(certificates.map(({ fields }) => fields.subject.type)).toEqual(
      keys.map(({ publicKey }) => publicKey.type),
    );
  });
});

describe('a token', () => {
  it.for<[string, (scene: Scene, host: TestHost) => unknown, string]>([
    [
      'that nobody knows',
      (_scene, host) => (host.state = { generation: 0, secret: newSecretText() }),
      'token-unknown',
    ],
    [
      'of another host',
      async (scene, host) => (host.state = { generation: 0, secret: await inviteTo(scene, 'web2') }),
      'token-unknown',
    ],
    ['that is over', (scene) => scene.pass(3600), 'token-expired'],
    [
      'for a host that was taken out of the roster',
      (scene) => scene.loadRoster(ROSTER.replace(/ {2}web1: .*\n/, '').replace('[web1, db]', '[db]')),
      'unknown-host',
    ],
  ])('%s: refused, and nothing changes', async ([, change, code]) => {
    await using scene = await openScene();
    const host = await TestHost.invited(scene, 'web1');
    await change(scene, host);
    const before = await logSize(scene);
    expect(await codeOfAsync(host.send(host.body()))).toBe(code);
    expect(await logSize(scene)).toBe(before);
    expect(await machineOf(scene, 'web1')).toBeUndefined();
  });

  it('is good up to its last second', async () => {
    await using scene = await openScene();
    const host = await TestHost.invited(scene, 'web1');
    scene.pass(3599);
    expect(await host.renew()).toMatchObject({ generation: 1 });
  });

  it('of another authority is none', async () => {
    await using scene = await openScene();
    await using other = await openScene();
    const host = await TestHost.invited(other, 'web1');
    expect(await codeOfAsync(certifyHost(scene.authority, host.body(), () => undefined))).toBe(
      'token-unknown',
    );
    const elsewhere = host.body({ authority: 'https://other.example' });
    expect(await codeOfAsync(certifyHost(other.authority, elsewhere, () => undefined))).toBe(
      'host-call-refused',
    );
  });

  it('that is known already is not made once more', async () => {
    await using scene = await openScene();
    const act = { kind: 'invite-host', host: 'web1', tokenHash: new Uint8Array(32) } as const;
    const invite = () => scene.authority.store.write((tx) => inviteHost(tx, act, 'alice', scene.now));
    expect(await invite()).toEqual({ kind: 'host-invited', host: 'web1', expiresAt: START + 3600 });
    expect(await codeOfAsync(invite())).toBe('token-used');
  });

  it('enrols one host, whichever of two comes first', async () => {
    await using scene = await openScene();
    const one = await TestHost.invited(scene, 'web1');
    const other = new TestHost(scene, 'web1', [newKey()], one.state);
    const outcomes = await Promise.all([one, other].map((host) => codeOfAsync(host.send(host.body()))));
    expect(outcomes).toContain('machine-locked');
    expect(outcomes.filter((outcome) => typeof outcome === 'object')).toHaveLength(1);
    expect((await leafKinds(scene)).filter((kind) => kind === 'lock-machine')).toHaveLength(1);
    expect(await codeOfAsync(one.send(one.body()))).toBe('machine-locked');
    expect(await codeOfAsync(other.send(other.body()))).toBe('machine-locked');
  });

  it('gives the same certificates when the first reply was lost, as long as it has not renewed', async () => {
    await using scene = await openScene();
    const host = await TestHost.invited(scene, 'web1');
    const first = await host.send(host.body());
    scene.pass(2 * 3600);
    const before = await logSize(scene);
    expect(await host.send(host.body())).toEqual(first);
    expect(await logSize(scene)).toBe(before);
  });

  it('that was used locks the machine in the hands of another', async () => {
    await using scene = await openScene();
    const host = await TestHost.invited(scene, 'web1');
    const token = host.state;
    const { certificates } = await host.renew();
    const thief = new TestHost(scene, 'web1', [newKey()], token);
    expect(await codeOfAsync(thief.send(thief.body()))).toBe('machine-locked');
    for (const { fields } of certificates) expect(await isRevoked(scene, fields.serial)).toBe(true);
  });

  it('that is found after the machine has renewed does nothing without a key of the machine', async () => {
    await using scene = await openScene();
    const host = await TestHost.invited(scene, 'web1');
    const token = host.state;
    await host.renew();
    await host.renew();
    const finder = new TestHost(scene, 'web1', [newKey()], token);
    expect(await codeOfAsync(finder.send(finder.body()))).toBe('token-used');
    expect(await machineOf(scene, 'web1')).not.toHaveProperty('lockedAt');
    const restored = new TestHost(scene, 'web1', host.keys, token);
    expect(await codeOfAsync(restored.send(restored.body()))).toBe('machine-locked');
  });
});

describe('a host that is installed anew', () => {
  it('needs a new token; its former certificates end, and an alarm says so', async () => {
    await using opened = await openWithHost(2);
    const { scene, host } = opened;
    const old = await host.renew();
    const anew = await TestHost.invited(scene, 'web1', [newKey()]);
    expect(await anew.renew()).toMatchObject({ generation: 1 });
    for (const serial of serialsOf(old)) expect(await isRevoked(scene, serial)).toBe(true);
    expect(anew.alarms).toEqual([{ what: 're-enrolled', host: 'web1', detail: 'it had generation 4' }]);
    expect((await leavesOf(scene)).at(-2)).toMatchObject({
      kind: 'alarm',
      what: 're-enrolled',
      host: 'web1',
    });
    expect(await codeOfAsync(host.send(host.body()))).toBe('host-call-refused');
    scene.pass(DAY);
    expect(await anew.renew()).toMatchObject({ generation: 2 });
  });

  it('may keep its keys, and is no longer locked', async () => {
    await using opened = await openWithHost(1);
    const { scene, host } = opened;
    const copy = host.copy();
    await host.renew();
    expect(await codeOfAsync(copy.send(copy.body()))).toBe('machine-locked');
    const anew = await TestHost.invited(scene, 'web1', host.keys);
    expect(await anew.renew()).toMatchObject({ generation: 1 });
    expect(anew.alarms).toMatchObject([
      { what: 're-enrolled', detail: 'it had generation 3, and was locked' },
    ]);
    expect(await anew.renew()).toMatchObject({ generation: 2 });
  });
});

describe('a machine that renews', () => {
  it('gets new certificates for the same keys, and the old ones live on', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const before = await machineOf(scene, 'web1');
    scene.pass(15 * DAY);
    const reply = await host.renew();
    expect(reply).toMatchObject({ host: 'web1', generation: 2 });
    expect(reply.certificates[0]?.fields.validBefore).toBe(BigInt(scene.now + 30 * DAY));
    for (const serial of before?.serials ?? []) expect(await isRevoked(scene, serial)).toBe(false);
    expect(await machineOf(scene, 'web1')).toMatchObject({
      generation: 2,
      keys: host.keys.map(({ publicKey }) => encodePublicKey(publicKey)),
      serials: serialsOf(reply),
      enrolledAt: START,
      renewedAt: scene.now,
      nextHash: hex.decode(secretHash(host.state.secret)),
    });
    expect(host.alarms).toEqual([]);
  });

  it('gets the names that the roster has now', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    await scene.loadRoster(
      ROSTER.replace('names: [web1.example.org]', 'names: [web1, www.example.org, web1.example.org]'),
    );
    const { certificates } = await host.renew();
    expect(certificates[0]?.fields.principals).toEqual(['web1', 'www.example.org', 'web1.example.org']);
    await scene.loadRoster(ROSTER.replace('names: [web1.example.org]', 'names: [www.example.org]'));
    expect((await host.renew()).certificates[0]?.fields.principals).toEqual(['www.example.org']);
  });

  it('gets the same certificates when the reply was lost', async () => {
    await using opened = await openWithHost(3);
    const { scene, host } = opened;
    const first = await host.send(host.body());
    scene.pass(7200);
    const before = await logSize(scene);
    expect(await host.send(host.body())).toEqual(first);
    expect(await host.renew()).toEqual(first);
    expect(await logSize(scene)).toBe(before);
    expect(await host.renew()).toMatchObject({ generation: 6 });
  });

  it.for<[string, (scene: Scene, host: TestHost) => unknown, string]>([
    ['its certificate has ended', (scene) => scene.pass(30 * DAY), 'renewal-refused'],
    ['its certificate was revoked', (scene) => revokeHost(scene, 'web1'), 'renewal-refused'],
    ['its key was revoked', (scene, host) => revokeKey(scene, host), 'key-revoked'],
    ['the roster gives its key to a person', (scene, host) => keyOfCarol(scene, host), 'key-has-role'],
  ])('is refused when %s, and not locked', async ([, change, code]) => {
    await using opened = await openWithHost(1);
    const { scene, host } = opened;
    await change(scene, host);
    const before = await logSize(scene);
    expect(await codeOfAsync(host.send(host.body()))).toBe(code);
    expect(await logSize(scene)).toBe(before);
    expect(await machineOf(scene, 'web1')).not.toHaveProperty('lockedAt');
  });

  it('can not fill the log', { timeout: 60_000 }, async () => {
    await using scene = await openScene();
    const keys = Array.from({ length: 8 }, newKey);
    const host = await TestHost.enrolled(scene, 'web1', keys);
    for (let count = 1; count < 30; count++) await host.renew();
    expect(await codeOfAsync(host.send(host.body()))).toBe('too-many-certificates');
    expect(await machineOf(scene, 'web1')).not.toHaveProperty('lockedAt');
  });

  it('is refused with fewer, other or turned keys', async () => {
    await using opened = await openWithHost(1);
    const { scene, host } = opened;
    const [first, second] = host.keys;
    if (first === undefined || second === undefined) throw new Error('the host has two keys');
    for (const keys of [[first], [second, first], [first, second, newKey()]]) {
      const changed = new TestHost(scene, 'web1', keys, host.state);
      expect(await codeOfAsync(changed.send(changed.body()))).toBe('renewal-refused');
    }
    expect(await host.renew()).toMatchObject({ generation: 3 });
  });
});

describe('two holders of one machine', () => {
  it('show when the copy renews after the original: locked, revoked, logged', async () => {
    await using opened = await openWithHost(2);
    const { scene, host } = opened;
    const copy = host.copy();
    const renewed = await host.renew();
    expect(await codeOfAsync(copy.send(copy.body()))).toBe('machine-locked');
    expect(await machineOf(scene, 'web1')).toMatchObject({ lockedAt: scene.now, generation: 4 });
    for (const serial of serialsOf(renewed)) expect(await isRevoked(scene, serial)).toBe(true);
    const lock = (await leavesOf(scene)).find((leaf) => leaf.kind === 'lock-machine');
    expect(lock).toMatchObject({ host: 'web1', generation: 4, reason: 'two-holders' });
    expect(
      lock?.kind === 'lock-machine' && openCertificatesDocument(new TextDecoder().decode(lock.request)),
    ).toMatchObject({ generation: 3 });
    expect((await leavesOf(scene)).at(-1)).toMatchObject({ kind: 'revoke', cause: 'lock', subject: 'web1' });
    expect(host.alarms).toEqual([
      { what: 'machine-locked', host: 'web1', detail: 'generation 4: two-holders' },
    ]);
    expect(await codeOfAsync(host.send(host.body()))).toBe('machine-locked');
    expect((await leafKinds(scene)).filter((kind) => kind === 'lock-machine')).toHaveLength(1);
  });

  it('show when the original renews after the copy, too', async () => {
    await using opened = await openWithHost(2);
    const { host } = opened;
    await host.copy().renew();
    expect(await codeOfAsync(host.send(host.body()))).toBe('machine-locked');
  });

  it('show at the next renewal when the copy had the coming secret as well', async () => {
    await using opened = await openWithHost(2);
    const { host } = opened;
    const copy = host.copy();
    copy.pending = host.pending;
    expect(await copy.renew()).toEqual(await host.renew());
    await host.renew();
    expect(await codeOfAsync(copy.send(copy.body()))).toBe('machine-locked');
  });

  it('show when an older disk was put back', async () => {
    await using opened = await openWithHost(1);
    const { scene, host } = opened;
    const old = host.copy();
    await host.renew();
    await host.renew();
    expect(await codeOfAsync(old.send(old.body()))).toBe('machine-locked');
    expect((await leavesOf(scene)).find((leaf) => leaf.kind === 'lock-machine')).toMatchObject({
      reason: 'old-generation',
    });
  });

  it('show when the same generation comes with the same next and other keys', async () => {
    await using opened = await openWithHost(2);
    const { scene, host } = opened;
    const copy = new TestHost(scene, 'web1', host.keys.slice(0, 1), host.state);
    copy.pending = host.pending;
    await host.renew();
    expect(await codeOfAsync(copy.send(copy.body()))).toBe('machine-locked');
  });
});

describe('what no honest host sends', () => {
  it.for<[string, (host: TestHost) => TestHost['state']]>([
    ['another secret', (host) => ({ ...host.state, secret: newSecretText() })],
    ['a generation to come', (host) => ({ ...host.state, generation: 7 })],
    ['the last generation of all', (host) => ({ ...host.state, generation: 9_999_999_999_999 })],
  ])('%s: refused, with one alarm a day', async ([, stateOf]) => {
    await using opened = await openWithHost(2);
    const { scene, host } = opened;
    const guess = new TestHost(scene, 'web1', host.keys, stateOf(host));
    for (let count = 0; count < 3; count++)
      expect(await codeOfAsync(guess.send(guess.body()))).toBe('renewal-refused');
    expect(guess.alarms).toMatchObject([{ what: 'renewal-refused', host: 'web1' }]);
    scene.pass(DAY);
    expect(await codeOfAsync(guess.send(guess.body()))).toBe('renewal-refused');
    expect((await leafKinds(scene)).filter((kind) => kind === 'alarm')).toHaveLength(2);
    expect(await host.renew()).toMatchObject({ generation: 4 });
  });
});

describe('a stranger', () => {
  it('learns nothing about which hosts there are, fills nothing and locks nothing', async () => {
    await using opened = await openWithHost(2);
    const { scene, host } = opened;
    const before = await logSize(scene);
    const key = newKey();
    const asStranger = (name: string, state: TestHost['state']) => new TestHost(scene, name, [key], state);
    const known = asStranger('web1', { generation: 3, secret: newSecretText() });
    const older = asStranger('web1', { generation: 1, secret: host.state.secret });
    const unknown = asStranger('nohost', { generation: 3, secret: newSecretText() });
    const wrong = host.body().replace('generation 3', 'generation 2');
    const replies = await Promise.all(
      [known.body(), older.body(), unknown.body(), wrong].map((body) =>
        certifyHost(scene.authority, body, () => undefined).catch((error: unknown) => error),
      ),
    );
    expect(new Set(replies.map(String)).size).toBe(1);
    expect(replies[0]).toMatchObject({ code: 'host-call-refused' });
    const tokens = await Promise.all(
      ['web1', 'nohost'].map((name) => {
        const guess = asStranger(name, { generation: 0, secret: newSecretText() });
        return certifyHost(scene.authority, guess.body(), () => undefined).catch((error: unknown) => error);
      }),
    );
    expect(new Set(tokens.map(String)).size).toBe(1);
    expect(await logSize(scene)).toBe(before);
    expect(await machineOf(scene, 'web1')).not.toHaveProperty('lockedAt');
  });

  it.for([-301, 301])(
    'who sends again what was written %i seconds away does nothing with it',
    async (seconds) => {
      await using opened = await openWithHost(2);
      const { scene, host } = opened;
      const captured = host.copy().body({ time: scene.now });
      await host.renew();
      scene.pass(seconds);
      expect(await codeOfAsync(certifyHost(scene.authority, captured, () => undefined))).toBe('clock-skew');
      expect(await machineOf(scene, 'web1')).not.toHaveProperty('lockedAt');
    },
  );
});

describe('a key', () => {
  it('of a person in the roster, or of a credential, is no host key', async () => {
    await using scene = await openScene();
    const key = newKey();
    await scene.authority.store.write((tx) =>
      tx.claimKey(keyIdentity(key.publicKey), { role: 'touch', person: 'bob' }),
    );
    const host = await TestHost.invited(scene, 'web1', [key]);
    expect(await codeOfAsync(host.send(host.body()))).toBe('key-has-role');
  });

  it.for(['login', 'sudo', 'builder', 'ca'] as const)('with the role %s is no host key', async (role) => {
    await using scene = await openScene();
    const key = newKey();
    await scene.authority.store.write((tx) => tx.claimKey(keyIdentity(key.publicKey), { role }));
    const host = await TestHost.invited(scene, 'web1', [newKey(), key]);
    expect(await codeOfAsync(host.send(host.body()))).toBe('key-has-role');
    expect(await machineOf(scene, 'web1')).toBeUndefined();
  });

  it('of the authority itself is no host key', async () => {
    const signer = newKey();
    await using scene = await openScene({
      signers: { host: { publicKey: signer.publicKey, sign: caSigner().sign } },
    });
    const host = await TestHost.invited(scene, 'web1', [signer]);
    expect(await codeOfAsync(host.send(host.body()))).toBe('key-has-role');
  });

  it('of another host is none, as on machines made from one image', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    const clone = await TestHost.invited(scene, 'web2', host.keys);
    expect(await codeOfAsync(clone.send(clone.body()))).toBe('key-has-role');
  });

  it('that was revoked is none', async () => {
    await using scene = await openScene();
    const host = await TestHost.invited(scene, 'web1');
    await revokeKey(scene, host);
    expect(await codeOfAsync(host.send(host.body()))).toBe('key-revoked');
  });

  it.for<[string, () => string]>([
    ['DSA', () => 'ssh-dss AAAAB3NzaC1kc3MAAAAA'],
    [
      'a security key',
      () => formatPublicKeyLine(generateSecurityKey('sk-ssh-ed25519@openssh.com').publicKey),
    ],
  ])('%s: malformed', async ([, line]) => {
    await using scene = await openScene();
    const key = newKey();
    const host = await TestHost.invited(scene, 'web1', [key]);
    const body = host.body().replace(formatPublicKeyLine(key.publicKey), line());
    expect(['malformed-request', 'host-call-refused']).toContain(await codeOfAsync(host.send(body)));
  });
});

describe('what happens between signature and record', () => {
  async function openSlow() {
    const signer = stagedSigner();
    const gate = new Gate();
    const scene = await openScene({ signers: { host: signer } });
    const host = await TestHost.enrolled(scene, 'web1', [newKey()]);
    signer.instead = async (draft, sign) => {
      await gate.pass();
      return sign(draft);
    };
    return { scene, signer, gate, host, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
  }

  it('a second request with the same next gets the same certificates', async () => {
    await using opened = await openSlow();
    const { host, gate, scene } = opened;
    const twin = await scene.openTwin();
    const both = [host.send(host.body()), host.send(host.body(), twin)];
    await gate.reached;
    gate.open();
    const [one, other] = await Promise.all(both);
    expect(one).toEqual(other);
    expect((await leafKinds(scene)).filter((kind) => kind === 'host-certificate')).toHaveLength(2);
  });

  it('a second request with another next locks the machine', async () => {
    await using opened = await openSlow();
    const { host, gate, scene } = opened;
    const twin = await scene.openTwin();
    const copy = host.copy();
    const both = [codeOfAsync(host.send(host.body())), codeOfAsync(copy.send(copy.body(), twin))];
    await gate.reached;
    gate.open();
    const outcomes = await Promise.all(both);
    expect(outcomes).toContain('machine-locked');
    expect(outcomes.filter((outcome) => typeof outcome === 'object')).toHaveLength(1);
    expect(await machineOf(scene, 'web1')).toHaveProperty('lockedAt');
  });

  it.for<[string, (scene: Scene) => unknown, string]>([
    [
      'the names change',
      (scene) => scene.loadRoster(ROSTER.replace('names: [web1.example.org]', 'names: [www.example.org]')),
      'policy-changed',
    ],
    [
      'the host leaves the roster',
      (scene) => scene.loadRoster(ROSTER.replace(/ {2}web1: .*\n/, '').replace('[web1, db]', '[db]')),
      'unknown-host',
    ],
    ['the CA key is replaced', replaceHostCa, 'ca-key-changed'],
    ['the CA key is revoked', revokeHostCa, 'no-ca-key'],
    ['the certificate is revoked', (scene) => revokeHost(scene, 'web1'), 'renewal-refused'],
    ['the certificate ends', (scene) => scene.pass(31 * DAY), 'renewal-refused'],
  ])('%s: nothing is recorded or released', async ([, change, code]) => {
    await using opened = await openSlow();
    const { host, gate, scene } = opened;
    const asked = codeOfAsync(host.send(host.body()));
    await gate.reached;
    await change(scene);
    gate.open();
    expect(await asked).toBe(code);
    expect((await leafKinds(scene)).filter((kind) => kind === 'host-certificate')).toHaveLength(1);
    expect(await machineOf(scene, 'web1')).toMatchObject({ generation: 1 });
  });

  it('a crash leaves nothing behind, and the same request is served after it', async () => {
    const store = stagedStore();
    await using scene = await openScene({ wrapStore: store.wrap });
    const host = await TestHost.enrolled(scene, 'web1');
    const before = await logSize(scene);
    store.beforeWrite = () => {
      throw new Error('killed');
    };
    await expect(host.send(host.body())).rejects.toThrow('killed');
    store.beforeWrite = undefined;
    expect(await logSize(scene)).toBe(before);
    expect(await machineOf(scene, 'web1')).toMatchObject({ generation: 1 });
    expect(await host.renew()).toMatchObject({ generation: 2 });
  });

  it('a signer that signs something else has nothing released', async () => {
    const signer = stagedSigner();
    await using scene = await openScene({ signers: { host: signer } });
    const host = await TestHost.invited(scene, 'web1');
    signer.instead = (draft, sign) => sign(draft.slice(1));
    expect(await codeOfAsync(host.send(host.body()))).toBe('signing-failed');
    expect(await machineOf(scene, 'web1')).toBeUndefined();
    signer.instead = undefined;
    expect(await host.renew()).toMatchObject({ generation: 1 });
  });
});

/** Clients have to know a new key for a day. */
async function replaceHostCa(scene: Scene): Promise<void> {
  const staged = await scene.caAct({ kind: 'stage-ca', purpose: 'host', key: '' });
  const key = fingerprint(parsePublicKeyLine(staged.key).key);
  scene.pass(2 * DAY);
  await scene.caAct({ kind: 'activate-ca', purpose: 'host', key, evenWithout: [] });
}

function revokeHostCa(scene: Scene): Promise<unknown> {
  const key = fingerprint(scene.caKey('host'));
  return scene.caAct({ kind: 'revoke-ca', purpose: 'host', key, reason: 'stolen' });
}

function revokeHost(scene: Scene, holder: string): Promise<unknown> {
  const cause = { cause: 'serial', subject: '1', reason: 'test' } as const;
  return scene.authority.store.write((tx) =>
    revokeLive(tx, { kind: 'holder', purposes: ['host'], holder }, cause, scene.now),
  );
}

async function revokeKey(scene: Scene, host: TestHost): Promise<void> {
  const key = host.keys[0];
  if (key === undefined) throw new Error('the host has a key');
  await scene.authority.store.write((tx) => tx.revokeKey(fingerprint(key.publicKey), scene.now));
}

/** Roster keys are security keys; the same point counts as the same key. */
function keyOfCarol(scene: Scene, host: TestHost): Promise<unknown> {
  const key = host.keys[0]?.publicKey;
  if (key?.type !== 'ssh-ed25519') throw new Error('the first key is an Ed25519 key');
  const line = formatPublicKeyLine({
    type: 'sk-ssh-ed25519@openssh.com',
    point: key.point,
    application: 'ssh:',
  });
  return scene.loadRoster(
    ROSTER.replace('carol: { logins: [carol],', `carol: { logins: [carol], security_keys: ["${line}"],`),
  );
}
