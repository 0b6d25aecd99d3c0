import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { revocationList } from '../../src/authority/krl.ts';
import type { Purpose } from '../../src/authority/purpose.ts';
import { PURPOSES } from '../../src/authority/purpose.ts';
import { RevocationLists } from '../../src/authority/revocation-lists.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { isCertificateRevoked } from '../../src/ssh/krl-query.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import { encodePublicKey, fingerprint } from '../../src/ssh/public-key.ts';
import { KEEPERS, perform, revoke } from './act-scene.ts';
import type { Login, Scene } from './scene.ts';
import { newKey, openScene } from './scene.ts';
import { stagedStore } from './stage.ts';

async function listOf(scene: Scene, purpose: Purpose = 'login', authority = scene.authority) {
  const list = await revocationList(authority, purpose);
  return { ...list, krl: decodeKrl(list.bytes) };
}

function lists(krl: ReturnType<typeof decodeKrl>, { certificate }: Pick<Login, 'certificate'>): boolean {
  return isCertificateRevoked(krl, decodeCertificate(certificate).fields);
}

function revokeSerial({ certificate }: Pick<Login, 'certificate'>) {
  return revoke('serial', decodeCertificate(certificate).fields.serial);
}

describe('the list of a purpose', () => {
  it('is a good KRL that names nobody, before anything was revoked', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    for (const purpose of PURPOSES) {
      const { krl, number } = await listOf(scene, purpose);
      expect(krl).toMatchObject({
        number: BigInt(number),
        certificates: [],
        keys: [],
        sha256Fingerprints: [],
      });
    }
  });

  it('names what was revoked, and nothing else', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const [kim, alice] = [await scene.enrol('kim'), await scene.enrol('alice')];
    const [lost, kept] = [await scene.login('alice', alice), await scene.login('alice', alice)];
    await perform(scene, 'kim', kim, revokeSerial(lost));
    const { krl } = await listOf(scene);
    expect(lists(krl, lost)).toBe(true);
    expect(lists(krl, kept)).toBe(false);
    expect((await listOf(scene, 'sudo')).krl.certificates).toEqual([]);
  });

  it('has a higher number after each change, which is at least the time', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const [kim, alice] = [await scene.enrol('kim'), await scene.enrol('alice')];
    const [first, second] = [await scene.login('alice', alice), await scene.login('alice', alice)];
    const numbers = [(await listOf(scene)).number];
    for (const login of [first, second]) {
      await perform(scene, 'kim', kim, revokeSerial(login));
      numbers.push((await listOf(scene)).number);
    }
    expect(numbers[1]).toBeGreaterThanOrEqual(scene.now);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  it('is the same bytes under the same tag in every process, and at every time until something changes', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const [kim, alice] = [await scene.enrol('kim'), await scene.enrol('alice')];
    const login = await scene.login('alice', alice);
    const before = await listOf(scene);
    await perform(scene, 'kim', kim, revokeSerial(login));
    const here = await listOf(scene);
    scene.pass(1000);
    const there = await listOf(scene, 'login', await scene.openTwin());
    expect(there).toEqual(here);
    expect(here.tag).not.toBe(before.tag);
  });

  it('follows at once what another process revokes', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const [kim, alice] = [await scene.enrol('kim'), await scene.enrol('alice')];
    const twin = await scene.openTwin();
    const login = await scene.login('alice', alice);
    expect(lists((await listOf(scene, 'login', twin)).krl, login)).toBe(false);
    await perform(scene, 'kim', kim, revokeSerial(login));
    expect(lists((await listOf(scene, 'login', twin)).krl, login)).toBe(true);
  });

  it('is made once for each number, however many ask', async () => {
    const staged = stagedStore();
    await using scene = await openScene({ roster: KEEPERS, wrapStore: staged.wrap });
    const kim = await scene.enrol('kim');
    await perform(scene, 'kim', kim, revoke('key', fingerprint(newKey().publicKey)));
    staged.calls.length = 0;
    await Promise.all(Array.from({ length: 8 }, () => listOf(scene)));
    await listOf(scene);
    expect(staged.calls.filter((call) => call === 'krlContent')).toHaveLength(1);
    expect(staged.calls).not.toContain('dropEndedRevocations');
  });

  it('that takes long is not made anew at once, and nobody gets an older one meanwhile', async () => {
    const staged = stagedStore();
    await using scene = await openScene({ roster: KEEPERS, wrapStore: staged.wrap });
    const authority = {
      ...scene.authority,
      revocationLists: new RevocationLists({ now: () => performance.now(), pause }, () => 400),
    };
    const revokeAnother = () =>
      authority.store.write((tx) => tx.revokeKey(fingerprint(newKey().publicKey), scene.now));
    const length = async () => (await listOf(scene, 'login', authority)).krl.sha256Fingerprints.length;
    await revokeAnother();
    const begun = performance.now();
    expect(await length()).toBe(1);
    expect(await length()).toBe(1);
    expect(performance.now() - begun).toBeLessThan(300);
    staged.calls.length = 0;
    const lengths: Promise<number>[] = [];
    for (let count = 2; count <= 20; count += 1) {
      await revokeAnother();
      lengths.push(length());
    }
    const all = await Promise.all(lengths);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(400);
    expect(all.every((each, index) => each >= index + 2)).toBe(true);
    expect(staged.calls.filter((call) => call === 'krlContent').length).toBeLessThan(4);
  });

  it('drops a certificate two days after it ended, not before, for a host whose clock is a day behind, and keeps keys for good', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const [kim, alice] = [await scene.enrol('kim'), await scene.enrol('alice')];
    const login = await scene.login('alice', alice, { lifetime: 600 });
    const key = newKey().publicKey;
    await perform(scene, 'kim', kim, revokeSerial(login));
    await perform(scene, 'kim', kim, revoke('key', fingerprint(key)));
    const { number } = await listOf(scene);
    scene.pass(600 + 48 * 3600);
    const last = await listOf(scene);
    expect({ number: last.number, listed: lists(last.krl, login) }).toEqual({ number, listed: true });
    scene.pass(1);
    const after = await listOf(scene);
    expect(after.number).toBeGreaterThan(number);
    expect(lists(after.krl, login)).toBe(false);
    expect(after.krl.sha256Fingerprints).toHaveLength(1);
  });

  it('for sudo drops it after an hour, since it denies the login as a whole', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const [kim, alice] = [await scene.enrol('kim'), await scene.enrol('alice')];
    const { state } = await scene.touch(await scene.askSudo('alice', { lifetime: 600 }), alice);
    const [serial = 0n] = state.kind === 'issued' ? state.serials : [];
    await perform(scene, 'kim', kim, revoke('serial', serial));
    scene.pass(600 + 3600);
    expect((await listOf(scene, 'sudo')).krl.certificates).toHaveLength(1);
    scene.pass(1);
    expect((await listOf(scene, 'sudo')).krl.certificates).toEqual([]);
  });

  it('is not given out when it would not say what the store says', async () => {
    await using scene = await openScene({ roster: KEEPERS });
    const authority = encodePublicKey(scene.caKey('login'));
    const lists = new RevocationLists({ now: () => performance.now(), pause });
    const making = scene.authority.store.read(async (tx) => {
      const content = await tx.krlContent('login');
      const krlContent = async () => ({ ...content, certificates: [{ authority, serials: [] }] });
      return lists.in({ ...tx, krlNumber: tx.krlNumber, krlContent }, 'login');
    });
    await expect(making).rejects.toThrow('does not say what was revoked');
  });

  it('is not given out when it can not be made, and is made anew when it can', async () => {
    const staged = stagedStore();
    await using scene = await openScene({ roster: KEEPERS, wrapStore: staged.wrap });
    const kim = await scene.enrol('kim');
    await perform(scene, 'kim', kim, revoke('key', fingerprint(newKey().publicKey)));
    const { store } = scene.authority;
    const broken = {
      ...store,
      read: <T>(work: Parameters<typeof store.read<T>>[0]) =>
        store.read((tx) =>
          work({ ...tx, krlNumber: tx.krlNumber, krlContent: () => Promise.reject(new Error('disk')) }),
        ),
    };
    await expect(revocationList({ ...scene.authority, store: broken }, 'login')).rejects.toThrow('disk');
    expect((await listOf(scene)).krl.sha256Fingerprints).toHaveLength(1);
  });
});
