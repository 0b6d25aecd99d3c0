import { describe, expect, it } from 'vitest';
import { importBreakGlass } from '../../src/authority/break-glass-import.ts';
import { touchRequest } from '../../src/authority/issue.ts';
import { revocationList } from '../../src/authority/krl.ts';
import type { ActResult } from '../../src/authority/records.ts';
import { resultOf } from '../../src/authority/release.ts';
import { removeCredential } from '../../src/authority/remove-credential.ts';
import { revokeOwn } from '../../src/authority/revoke.ts';
import { MAX_LOGGED_SERIALS } from '../../src/log/act-bodies.ts';
import type { LeafOf } from '../../src/log/leaf.ts';
import { encodeLeaf } from '../../src/log/leaf.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { isCertificateRevoked, isKeyRevoked } from '../../src/ssh/krl-query.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import { fingerprint, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { LEAST_RANDOM_SERIAL } from '../../src/ssh/serial.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { SoftSecurityKey } from '../support/soft-authenticator.ts';
import { sampleCertificate } from '../support/store-records.ts';
import { ask, KEEPERS, perform, revoke, touch } from './act-scene.ts';
import { OFFLINE, signBreakGlass } from './break-glass-scene.ts';
import type { Login, Scene, Toucher } from './scene.ts';
import { caSigner, newKey, openScene } from './scene.ts';
import { Gate, stagedSigner } from './stage.ts';
import { ONE_APPROVAL, sudoRoster } from './sudo-scene.ts';
import { leafKinds, leavesOf, machineOf, TestHost } from './test-host.ts';

const NOTHING: ActResult = { kind: 'revoked', count: 0, serials: [] };

function serialOf({ certificate }: Pick<Login, 'certificate'>): bigint {
  return decodeCertificate(certificate).fields.serial;
}

function isRevoked(scene: Scene, serial: bigint): Promise<boolean> {
  return scene.authority.store.read(async (tx) => (await tx.revocationCause(serial)) !== undefined);
}

async function openOffice() {
  const scene = await openScene({ roster: KEEPERS });
  const [kim, alice, bob] = [await scene.enrol('kim'), await scene.enrol('alice'), await scene.enrol('bob')];
  const act = (kind: Parameters<typeof revoke>[0], name: string | bigint) =>
    perform(scene, 'kim', kim, revoke(kind, name));
  return { scene, kim, alice, bob, act, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

/** Issues for sudo, as far as that needs nobody else. */
async function sudo(scene: Scene, person: string, key: Toucher): Promise<bigint> {
  const { state } = await scene.touch(await scene.askSudo(person), key);
  if (state.kind !== 'issued') throw new Error('nothing was issued');
  return state.serials[0] ?? 0n;
}

async function revocations(scene: Scene): Promise<readonly LeafOf<'revoke'>[]> {
  return (await leavesOf(scene)).flatMap((leaf) => (leaf.kind === 'revoke' ? [leaf] : []));
}

describe('there is nothing to revoke', () => {
  it.for([
    ['a serial that nobody has', 'serial', '4711'],
    ['a serial of more than 63 bits', 'serial', '18446744073709551615'],
    ['somebody without certificates', 'person', 'bob'],
    ['somebody who does not exist', 'person', 'nobody'],
    ['a person who is named as a machine', 'machine', 'alice'],
    ['a machine that never enrolled', 'machine', 'web1'],
    ['a credential that nobody has', 'credential', 'AAAA'],
    ['a person who is named as a credential', 'credential', 'alice'],
    ['the name of a host as that of a person', 'person', 'web1'],
  ] as const)('of %s', async ([, kind, name]) => {
    await using office = await openOffice();
    const { scene, alice, act } = office;
    const login = await scene.login('alice', alice);
    const size = (await leavesOf(scene)).length;
    expect(await codeOfAsync(act(kind, name))).toBe('nothing-to-revoke');
    expect(await leavesOf(scene)).toHaveLength(size);
    expect(await isRevoked(scene, serialOf(login))).toBe(false);
  });

  it('in a certificate that has ended, or was revoked', async () => {
    await using office = await openOffice();
    const { scene, alice, bob, act } = office;
    const serial = serialOf(await scene.login('alice', alice));
    await act('serial', serial);
    expect(await codeOfAsync(act('serial', serial))).toBe('nothing-to-revoke');
    const other = serialOf(await scene.login('bob', bob, { lifetime: 600 }));
    scene.pass(600);
    expect(await codeOfAsync(act('serial', other))).toBe('nothing-to-revoke');
    expect(await codeOfAsync(revokeOwn(scene.authority, 'bob', other, ''))).toBe('nothing-to-revoke');
  });

  it('by a person of what somebody else holds', async () => {
    await using office = await openOffice();
    const { scene, alice } = office;
    const host = await TestHost.enrolled(scene, 'web1');
    const serial = serialOf(await scene.login('alice', alice));
    const ofHost = (await machineOf(scene, host.name))?.serials[0] ?? 0n;
    for (const [person, each] of [
      ['bob', serial],
      ['alice', ofHost],
      ['web1', ofHost],
    ] as const) {
      expect(await codeOfAsync(revokeOwn(scene.authority, person, each, ''))).toBe('nothing-to-revoke');
      expect(await isRevoked(scene, each)).toBe(false);
    }
  });
});

describe('a CA key can not be revoked', () => {
  it.for([
    ['for logins', (scene: Scene) => scene.caKey('login')],
    ['for hosts', (scene: Scene) => scene.caKey('host')],
    ['that is offline', () => OFFLINE.publicKey],
  ] as const)('%s by who may only revoke certificates', async ([, choose]) => {
    await using scene = await openScene({ roster: KEEPERS, offlineKeys: [OFFLINE.publicKey] });
    const rita = await scene.enrol('rita');
    const act = perform(scene, 'rita', rita, revoke('key', fingerprint(choose(scene))));
    expect(await codeOfAsync(act)).toBe('key-has-role');
    expect(await revocations(scene)).toEqual([]);
  });
});

describe('what is revoked', () => {
  it('by serial is this certificate and no other one', async () => {
    await using office = await openOffice();
    const { scene, alice, act } = office;
    const [lost, kept] = [await scene.login('alice', alice), await scene.login('alice', alice)];
    expect(await act('serial', serialOf(lost))).toEqual({
      kind: 'revoked',
      count: 1,
      serials: [serialOf(lost)],
    });
    expect(await isRevoked(scene, serialOf(kept))).toBe(false);
    expect(await revocations(scene)).toMatchObject([
      { cause: 'serial', subject: `${serialOf(lost)}`, reason: 'the laptop is gone', key: '' },
    ]);
  });

  it('by person is all of theirs, of each purpose; they can sign in anew', async () => {
    await using office = await openOffice();
    const { scene, alice, bob, act } = office;
    const login = serialOf(await scene.login('alice', alice));
    const forSudo = await sudo(scene, 'alice', alice);
    const other = serialOf(await scene.login('bob', bob));
    const both = [login, forSudo].sort((a, b) => (a < b ? -1 : 1));
    expect(await act('person', 'alice')).toEqual({ kind: 'revoked', count: 2, serials: both });
    expect(await isRevoked(scene, other)).toBe(false);
    expect(await revocations(scene)).toMatchObject([{ cause: 'person', subject: 'alice', serials: both }]);
    expect(await isRevoked(scene, serialOf(await scene.login('alice', alice)))).toBe(false);
  });

  it('by person is also what waits for others: it is not issued any more', async () => {
    const roster = sudoRoster({ sudo: ONE_APPROVAL }).replace('  lead: {', '  lead: { manage: [revoke],');
    await using scene = await openScene({ roster });
    const [alice, bob, carol] = [
      await scene.enrol('alice'),
      await scene.enrol('bob'),
      await scene.enrol('carol'),
    ];
    const asked = await scene.askSudo('alice');
    const waiting = await scene.touch(asked, alice);
    const others = await scene.touch(await scene.askSudo('bob'), bob);
    expect(await perform(scene, 'carol', carol, revoke('person', 'alice'))).toEqual(NOTHING);
    expect(await codeOfAsync(scene.answer(others, 'carol', carol))).toMatchObject({ accepted: {} });
    const result = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe('policy-changed');
    await expect(scene.answer(waiting, 'carol', carol)).rejects.toThrow();
  });

  it('oneself needs no right', async () => {
    await using office = await openOffice();
    const { scene, alice, bob } = office;
    const serial = serialOf(await scene.login('alice', alice));
    expect(await codeOfAsync(perform(scene, 'bob', bob, revoke('person', 'alice')))).toBe('right-missing');
    expect(await codeOfAsync(perform(scene, 'alice', alice, revoke('serial', serial)))).toBe('right-missing');
    expect(await perform(scene, 'alice', alice, revoke('person', 'alice'))).toMatchObject({ count: 1 });
  });

  it('by key is whatever it is certified for, and it is certified no more', async () => {
    await using office = await openOffice();
    const { scene, alice, act } = office;
    const key = newKey();
    const first = serialOf(await scene.login('alice', alice, { key }));
    const other = serialOf(await scene.login('alice', alice));
    const name = fingerprint(key.publicKey);
    expect(await act('key', name)).toEqual({ kind: 'revoked', count: 1, serials: [first] });
    expect(await isRevoked(scene, other)).toBe(false);
    expect(await revocations(scene)).toMatchObject([{ cause: 'key', subject: name, key: name }]);
    expect(await codeOfAsync(scene.login('alice', alice, { key }))).toBe('key-revoked');
    expect(await codeOfAsync(act('key', name))).toBe('nothing-to-revoke');
    for (const purpose of ['login', 'sudo', 'host'] as const) {
      const { bytes } = await revocationList(scene.authority, purpose);
      expect(isKeyRevoked(decodeKrl(bytes), key.publicKey)).toBe(true);
    }
  });

  it('by key, before anybody has seen it, too', async () => {
    await using office = await openOffice();
    const { scene, alice, act } = office;
    const key = newKey();
    expect(await act('key', fingerprint(key.publicKey))).toEqual(NOTHING);
    expect(await codeOfAsync(scene.login('alice', alice, { key }))).toBe('key-revoked');
  });

  it('by key, when it is a security key of the roster: it touches no more', async () => {
    const key = new SoftSecurityKey();
    const line = `"${formatPublicKeyLine(key.publicKey)}"`;
    const roster = KEEPERS.replace('logins: [bob],', `logins: [bob], security_keys: [${line}],`);
    await using scene = await openScene({ roster });
    const kim = await scene.enrol('kim');
    const serial = serialOf(await scene.login('bob', key));
    const waiting = await scene.ask('bob');
    const name = fingerprint(key.publicKey);
    expect(await perform(scene, 'kim', kim, revoke('key', name))).toMatchObject({ serials: [serial] });
    expect(await codeOfAsync(scene.touch(waiting, key))).toBe('touch-refused');
    expect(await leafKinds(scene)).toContain('remove-credential');
  });

  it('by machine is what it has, and it gets nothing until it enrols anew', async () => {
    await using office = await openOffice();
    const { scene, act } = office;
    const [web1, db1] = [await TestHost.enrolled(scene, 'web1'), await TestHost.enrolled(scene, 'db1')];
    const serials = (await machineOf(scene, 'web1'))?.serials ?? [];
    expect(await act('machine', 'web1')).toMatchObject({ count: serials.length });
    for (const serial of serials) expect(await isRevoked(scene, serial)).toBe(true);
    expect((await machineOf(scene, 'web1'))?.lockedAt).toBe(scene.now);
    expect(await codeOfAsync(web1.renew())).toBe('machine-locked');
    await db1.renew();
    expect(await codeOfAsync(act('machine', 'web1'))).toBe('nothing-to-revoke');
    expect((await revocations(scene)).map(({ cause }) => cause)).toEqual(['machine']);
  });

  it('by credential is what rests on it, approvals included; it is removed', async () => {
    const roster = sudoRoster({ sudo: ONE_APPROVAL }).replace('  lead: {', '  lead: { manage: [revoke],');
    await using scene = await openScene({ roster });
    const [alice, carol, erin] = [
      await scene.enrol('alice'),
      await scene.enrol('carol'),
      await scene.enrol('erin'),
    ];
    const login = serialOf(await scene.login('alice', alice));
    const waiting = await scene.touch(await scene.askSudo('alice'), alice);
    const { state } = await scene.answer(waiting, 'carol', carol);
    const approved = state.kind === 'issued' ? state.serials : [];
    const result = await perform(scene, 'erin', erin, revoke('credential', carol.credentialId));
    expect(result).toEqual({ kind: 'revoked', count: 1, serials: approved });
    expect(await isRevoked(scene, login)).toBe(false);
    expect(await perform(scene, 'erin', erin, revoke('credential', alice.credentialId))).toMatchObject({
      serials: [login],
    });
    expect(await codeOfAsync(scene.login('alice', alice))).toBe('touch-refused');
    const kinds = await leafKinds(scene);
    expect(kinds.filter((kind) => kind === 'remove-credential')).toHaveLength(2);
  });

  it('is what usherd credential remove takes along', async () => {
    await using office = await openOffice();
    const { scene, alice } = office;
    const login = serialOf(await scene.login('alice', alice));
    const spare = await scene.enrol('alice');
    const kept = serialOf(await scene.login('alice', spare));
    expect(await removeCredential(scene.authority, alice.credentialId, 'lost')).toMatchObject({
      serials: [login],
    });
    expect(await isRevoked(scene, kept)).toBe(false);
    expect(await revocations(scene)).toMatchObject([
      { cause: 'credential', subject: alice.credentialId, reason: '', serials: [login] },
    ]);
  });

  it('by an offline key in an emergency can be named by serial', async () => {
    await using scene = await openScene({ roster: KEEPERS, offlineKeys: [OFFLINE.publicKey] });
    const kim = await scene.enrol('kim');
    const certificate = signBreakGlass();
    await importBreakGlass(scene.authority, [{ certificate, reason: 'fire', place: 'line 1' }]);
    const { serial } = certificate.fields;
    expect(await perform(scene, 'kim', kim, revoke('serial', serial))).toMatchObject({ serials: [serial] });
    const { bytes } = await revocationList(scene.authority, 'login');
    expect(isCertificateRevoked(decodeKrl(bytes), certificate.fields)).toBe(true);
  });

  it('is ended by its holder with a signed call alone, and the log says why', async () => {
    await using office = await openOffice();
    const { scene, alice } = office;
    const serial = serialOf(await scene.login('alice', alice));
    await revokeOwn(scene.authority, 'alice', serial, 'sold the laptop');
    expect(await isRevoked(scene, serial)).toBe(true);
    expect(await revocations(scene)).toMatchObject([
      { cause: 'serial', subject: `${serial}`, reason: 'sold the laptop', serials: [serial] },
    ]);
  });
});

describe('what is being signed while it is revoked', () => {
  async function openSlow() {
    const [signer, gate] = [stagedSigner(caSigner()), new Gate()];
    const scene = await openScene({ roster: KEEPERS, signers: { login: signer } });
    const [kim, alice] = [await scene.enrol('kim'), await scene.enrol('alice')];
    signer.instead = async (draft, sign) => {
      await gate.pass();
      return sign(draft);
    };
    const key = newKey();
    const asked = await scene.ask('alice', { key });
    const assertion = scene.assertion(asked.request, alice);
    const touching = codeOfAsync(touchRequest(scene.authority, asked.request.id, asked, assertion));
    await gate.reached;
    return { scene, kim, alice, key, gate, asked, touching };
  }

  it('is not released when the key was revoked meanwhile', async () => {
    const { scene, kim, key, gate, touching } = await openSlow();
    await using _ = scene;
    await perform(scene, 'kim', kim, revoke('key', fingerprint(key.publicKey)));
    gate.open();
    expect(await touching).toBe('key-revoked');
  });

  it('is not released when the credential was revoked meanwhile', async () => {
    const { scene, kim, alice, gate, touching } = await openSlow();
    await using _ = scene;
    await perform(scene, 'kim', kim, revoke('credential', alice.credentialId));
    gate.open();
    expect(await touching).toBe('unknown-credential');
  });

  it('is not released when all that the person holds was revoked meanwhile', async () => {
    const { scene, kim, gate, asked, touching } = await openSlow();
    await using _ = scene;
    expect(await perform(scene, 'kim', kim, revoke('person', 'alice'))).toEqual(NOTHING);
    gate.open();
    expect(await touching).toBe('request-answered');
    const result = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe('policy-changed');
    expect(await leafKinds(scene)).not.toContain('certificate');
  });

  it('is not released by a later poll, when signing failed before', async () => {
    const signer = stagedSigner(caSigner());
    await using scene = await openScene({ roster: KEEPERS, signers: { login: signer } });
    const [kim, alice, bob] = [
      await scene.enrol('kim'),
      await scene.enrol('alice'),
      await scene.enrol('bob'),
    ];
    const [asked, others] = [await scene.ask('alice'), await scene.ask('bob')];
    signer.instead = () => Promise.reject(new Error('the HSM is away'));
    await codeOfAsync(scene.touch(asked, alice));
    await codeOfAsync(scene.touch(others, bob));
    await perform(scene, 'kim', kim, revoke('person', 'alice'));
    signer.instead = undefined;
    scene.pass(31);
    const result = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe('policy-changed');
    expect(await resultOf(scene.authority, others.request.id, others.pollSecret)).toMatchObject({
      state: { kind: 'issued' },
    });
  });
});

it('of two revocations at once one counts, and the other is told that there is nothing left', async () => {
  await using office = await openOffice();
  const { scene, kim, alice } = office;
  const rita = await scene.enrol('rita');
  const serial = serialOf(await scene.login('alice', alice));
  const [one, two] = [
    await ask(scene, 'kim', revoke('serial', serial)),
    await ask(scene, 'rita', revoke('person', 'alice')),
  ];
  const twin = await scene.openTwin();
  const outcomes = await Promise.all([
    codeOfAsync(touch(scene, one, kim)),
    codeOfAsync(touch(scene, two, rita, twin)),
  ]);
  expect(outcomes.filter((outcome) => outcome === 'nothing-to-revoke')).toHaveLength(1);
  expect(await revocations(scene)).toHaveLength(1);
});

describe('a new roster', () => {
  it('ends what it does not grant any more, in its own transaction, and nothing else', async () => {
    await using office = await openOffice();
    const { scene, alice, bob } = office;
    const host = await TestHost.enrolled(scene, 'db1');
    const gone = serialOf(await scene.login('alice', alice));
    const kept = serialOf(await scene.login('bob', bob));
    const without = KEEPERS.replace(/ {2}alice: .*\n/, '').replace(/ {2}db1: .*\n/, '');
    const ofHost = (await machineOf(scene, host.name))?.serials ?? [];
    expect(await scene.loadRoster(without)).toMatchObject({ changed: true, revoked: 1 + ofHost.length });
    for (const serial of [gone, ...ofHost]) expect(await isRevoked(scene, serial)).toBe(true);
    expect(await isRevoked(scene, kept)).toBe(false);
    const [leaf] = await revocations(scene);
    const digest = await scene.authority.store.read((tx) => tx.rosterDigest());
    expect(leaf).toMatchObject({ cause: 'roster', subject: digest, reason: '', key: '' });
    expect([...(leaf?.serials ?? [])].sort()).toEqual([gone, ...ofHost].sort());
    expect((await leafKinds(scene)).slice(-3)).toEqual(['roster', 'revoke', 'lock-machine']);
    expect(await scene.loadRoster(without)).toMatchObject({ changed: false, revoked: 0 });
  });

  it('that takes a login or sudo from a role ends what has it', async () => {
    await using office = await openOffice();
    const { scene, alice } = office;
    const login = serialOf(await scene.login('alice', alice));
    const forSudo = await sudo(scene, 'alice', alice);
    await scene.loadRoster(KEEPERS.replace('    sudo: { hosts: "*" }\n', ''));
    expect(await isRevoked(scene, forSudo)).toBe(true);
    expect(await isRevoked(scene, login)).toBe(false);
  });

  it('names what it ends in ascending order, whichever ends first', async () => {
    await using office = await openOffice();
    const { scene, alice } = office;
    for (let hours = 1; hours <= 8; hours++) await scene.login('alice', alice, { lifetime: 3600 * hours });
    await scene.loadRoster(KEEPERS.replace(/ {2}alice: .*\n/, ''));
    const [leaf] = await revocations(scene);
    expect(leaf?.serials).toHaveLength(8);
    expect(leaf?.serials).toEqual([...(leaf?.serials ?? [])].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('leaves what an offline key signed in an emergency: no roster was asked for it', async () => {
    await using scene = await openScene({ roster: KEEPERS, offlineKeys: [OFFLINE.publicKey] });
    const certificate = signBreakGlass();
    await importBreakGlass(scene.authority, [{ certificate, reason: 'fire', place: 'line 1' }]);
    expect(await scene.loadRoster(KEEPERS.replace(/ {2}alice: .*\n/, ''))).toMatchObject({ revoked: 0 });
    expect(await isRevoked(scene, certificate.fields.serial)).toBe(false);
  });
});

it('more certificates than fit in one leaf stand in several, each once and ascending', async () => {
  await using office = await openOffice();
  const { scene, act } = office;
  const count = MAX_LOGGED_SERIALS + 1;
  const { certificate } = sampleCertificate();
  const leaf = encodeLeaf({ kind: 'roster', recordedAt: scene.now, digest: new Uint8Array(32) });
  await scene.authority.store.write(async (tx) => {
    for (let serial = LEAST_RANDOM_SERIAL; serial < LEAST_RANDOM_SERIAL + BigInt(count); serial++) {
      await tx.insertCertificate(sampleCertificate({ serial, person: 'bob', certificate }), []);
      await tx.appendLeaf(leaf, serial);
    }
  });
  expect(await act('person', 'bob')).toMatchObject({ count, serials: expect.any(Array) });
  const lists = (await revocations(scene)).map(({ serials }) => serials);
  expect(lists.map(({ length }) => length)).toEqual([MAX_LOGGED_SERIALS, 1]);
  const all = lists.flat();
  expect(all).toEqual([...new Set(all)].sort((a, b) => (a < b ? -1 : 1)));
});
