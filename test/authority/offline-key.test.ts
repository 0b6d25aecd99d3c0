/** Keys for emergencies: what the authority says of them, and what they may not be used for besides. */
import { describe, expect, it } from 'vitest';
import { importBreakGlass } from '../../src/authority/break-glass-import.ts';
import { signBundle } from '../../src/authority/bundle.ts';
import { claimCaKeys } from '../../src/authority/key-roles.ts';
import { revocationList } from '../../src/authority/krl.ts';
import type { Purpose } from '../../src/authority/purpose.ts';
import { PURPOSES } from '../../src/authority/purpose.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { parseVerifierKey } from '../../src/log/note-key.ts';
import { keyIdentity } from '../../src/ssh/key-identity.ts';
import { isKeyRevoked } from '../../src/ssh/krl-query.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey, fingerprint, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { generateSecurityKey } from '../support/keys.ts';
import { SoftSecurityKey } from '../support/soft-authenticator.ts';
import { KEEPERS, perform } from './act-scene.ts';
import { OFFLINE, signBreakGlass } from './break-glass-scene.ts';
import { leavesFrom, revokeCa } from './ca-scene.ts';
import type { Scene, SceneOptions } from './scene.ts';
import { newKey, openScene, ROSTER } from './scene.ts';
import { rosterWith } from './security-keys.ts';
import { sudoRoster } from './sudo-scene.ts';

describe('an offline key is refused at start', () => {
  it.for<[string, (scene: Scene) => PublicKey]>([
    ['a CA key', (scene) => scene.caKey('login')],
    ['the key of the bundle', ({ authority }) => authority.bundleKey.publicKey],
    [
      'the key of the log',
      ({ authority }) => ({
        type: 'ssh-ed25519',
        point: parseVerifierKey(authority.logVerifierKey).publicKey,
      }),
    ],
  ])('when it is %s', async ([, choose]) => {
    await using scene = await openScene();
    const { authority } = scene;
    const offlineKeys = [newKey().publicKey, choose(scene)];
    expect(await codeOfAsync(claimCaKeys({ ...authority, offlineKeys }))).toBe('key-has-role');
  });

  it('when it is named twice', async () => {
    await using scene = await openScene();
    const { publicKey } = newKey();
    const twice = claimCaKeys({ ...scene.authority, offlineKeys: [publicKey, publicKey] });
    expect(await codeOfAsync(twice)).toBe('key-has-role');
  });

  it('when it was certified before', async () => {
    await using scene = await openScene();
    const { key } = await scene.login('alice', await scene.enrol('alice'));
    const claim = claimCaKeys({ ...scene.authority, offlineKeys: [key.publicKey] });
    expect(await codeOfAsync(claim)).toBe('key-has-role');
  });

  it('when it touches', async () => {
    const key = new SoftSecurityKey();
    await using scene = await openScene({ roster: rosterWith(key) });
    await scene.touch(await scene.ask('alice'), key);
    const claim = claimCaKeys({ ...scene.authority, offlineKeys: [key.publicKey] });
    expect(await codeOfAsync(claim)).toBe('key-has-role');
  });

  it('when it was revoked before it was one', async () => {
    await using scene = await openScene();
    const { publicKey } = newKey();
    await revokeKey(scene, publicKey);
    const claim = claimCaKeys({ ...scene.authority, offlineKeys: [publicKey] });
    expect(await codeOfAsync(claim)).toBe('key-revoked');
    await expect(claim).rejects.toThrow(`${fingerprint(publicKey)} in break_glass`);
  });
});

describe('revoking an offline key', () => {
  const [key, other] = [OFFLINE.publicKey, newKey().publicKey];
  const open = (signers?: SceneOptions['signers']) =>
    openScene({ roster: KEEPERS, offlineKeys: [key, other], ...(signers === undefined ? {} : { signers }) });
  const revoke = (scene: Scene, purpose: Purpose) => revokeCa(scene, purpose, fingerprint(key));

  it.for(['builder', 'host'] as const)('is refused as one for %s, which it is not', async (purpose) => {
    await using scene = await open();
    expect(await codeOfAsync(revoke(scene, purpose))).toBe('unknown-ca-key');
    expect(await offlineIn(scene)).toHaveLength(4);
  });

  it('is refused twice, and nobody but whoever may replace CA keys can', async () => {
    await using scene = await open();
    const rita = await scene.enrol('rita');
    const act = {
      kind: 'revoke-ca',
      purpose: 'login',
      key: fingerprint(key),
      reason: 'the safe is open',
    } as const;
    expect(await codeOfAsync(perform(scene, 'rita', rita, act))).toBe('right-missing');
    const kim = await scene.enrol('kim');
    expect(await perform(scene, 'kim', kim, act)).toMatchObject({ kind: 'ca-key', state: 'revoked' });
    expect(await codeOfAsync(perform(scene, 'kim', kim, act))).toBe('wrong-ca-state');
  });

  it.for(['login', 'sudo'] as const)(
    'for %s takes it out of the bundle for both, and every list names it',
    async (purpose) => {
      await using scene = await open();
      const { size } = await scene.authority.store.read((tx) => tx.logHead());
      expect(await revoke(scene, purpose)).toMatchObject({ key: formatPublicKeyLine(key), affected: [] });
      expect(await offlineIn(scene)).toEqual(Array(2).fill(formatPublicKeyLine(other)));
      for (const each of PURPOSES) {
        const { bytes } = await revocationList(scene.authority, each);
        expect(isKeyRevoked(decodeKrl(bytes), key)).toBe(true);
        expect(isKeyRevoked(decodeKrl(bytes), other)).toBe(false);
      }
      const leaves = await leavesFrom(scene.authority, size);
      expect(leaves).toMatchObject([
        { kind: 'revoke', cause: 'ca', subject: fingerprint(key), key: fingerprint(key) },
        { kind: 'authority' },
      ]);
      const keys = leaves.flatMap((leaf) => (leaf.kind === 'authority' ? leaf.caKeys : []));
      expect(keys.map(({ publicKey }) => publicKey)).not.toContainEqual(encodePublicKey(key));
    },
  );

  it('is possible where people sign for sudo', async () => {
    const caKeys = { carol: generateSecurityKey('sk-ssh-ed25519@openssh.com').publicKey };
    await using scene = await openScene({
      roster: sudoRoster({ caKeys }),
      offlineKeys: [key],
      signers: { sudo: 'touch' },
    });
    await revoke(scene, 'sudo');
    expect(await offlineIn(scene)).toEqual([]);
  });

  it('is for good: the next start leaves it out as long as the settings name it', async () => {
    await using scene = await open();
    await revoke(scene, 'login');
    await claimCaKeys(scene.authority);
    expect(await offlineIn(scene)).toEqual(Array(2).fill(formatPublicKeyLine(other)));
  });

  it('tells whose certificates it signed', async () => {
    await using scene = await open();
    await importBreakGlass(scene.authority, [
      { certificate: signBreakGlass(), reason: 'fire', place: 'line 1' },
    ]);
    expect(await revoke(scene, 'login')).toMatchObject({ affected: [{ holder: 'alice', certificates: 1 }] });
  });
});

async function offlineIn({ authority }: Scene): Promise<readonly string[]> {
  const { statement } = await signBundle(authority);
  const { caKeys }: { caKeys: readonly { state: string; key: string }[] } = JSON.parse(
    new TextDecoder().decode(statement),
  );
  return caKeys.filter(({ state }) => state === 'offline').map((each) => each.key);
}

function revokeKey({ authority, now }: Scene, key: PublicKey): Promise<boolean> {
  return authority.store.write((tx) => tx.revokeKey(fingerprint(key), now));
}

describe('an offline key', () => {
  it('is in the bundle for logins and for sudo, and is not one that signs now', async () => {
    const [key, other] = [newKey().publicKey, newKey().publicKey];
    await using scene = await openScene({ offlineKeys: [key, other] });
    const { statement } = await signBundle(scene.authority);
    const { caKeys } = JSON.parse(new TextDecoder().decode(statement));
    expect(caKeys.slice(0, 4).map(({ state }: { state: string }) => state)).toEqual(Array(4).fill('active'));
    expect(caKeys.slice(4)).toEqual(
      [key, other].flatMap((each) =>
        ['login', 'sudo'].map((purpose) => ({ purpose, key: formatPublicKeyLine(each), state: 'offline' })),
      ),
    );
  });

  it('stands in the log, from the start at which it came', async () => {
    await using scene = await openScene();
    const { authority } = scene;
    const { publicKey } = newKey();
    const size = async () => (await authority.store.read((tx) => tx.logHead())).size;
    const before = await size();
    await claimCaKeys({ ...authority, offlineKeys: [publicKey] });
    await claimCaKeys({ ...authority, offlineKeys: [publicKey] });
    expect(await size()).toBe(before + 1);
    const leaf = decodeLeaf((await authority.store.read((tx) => tx.logLeaf(before))) ?? new Uint8Array());
    if (leaf.kind !== 'authority') throw new Error(`a leaf of kind ${leaf.kind}`);
    expect(leaf.caKeys.slice(-2)).toEqual(
      ['login', 'sudo'].map((purpose) => ({ purpose, publicKey: encodePublicKey(publicKey) })),
    );
    const use = await authority.store.read((tx) => tx.keyUse(keyIdentity(publicKey)));
    expect(use).toEqual({ role: 'ca' });
  });

  it('never stands in the roster, and is never certified', async () => {
    const key = new SoftSecurityKey();
    await using scene = await openScene({ offlineKeys: [key.publicKey] });
    expect(await codeOfAsync(scene.loadRoster(rosterWith(key)))).toBe('bad-roster');
    const subject = newKey();
    await using other = await openScene({ offlineKeys: [subject.publicKey], roster: ROSTER });
    expect(await codeOfAsync(other.login('alice', await other.enrol('alice'), { key: subject }))).toBe(
      'key-has-role',
    );
  });
});
