/** Keys for emergencies: what the authority says of them, and what they may not be used for besides. */
import { describe, expect, it } from 'vitest';
import { signBundle } from '../../src/authority/bundle.ts';
import { claimCaKeys } from '../../src/authority/key-roles.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { parseVerifierKey } from '../../src/log/note-key.ts';
import { keyIdentity } from '../../src/ssh/key-identity.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { SoftSecurityKey } from '../support/soft-authenticator.ts';
import type { Scene } from './scene.ts';
import { newKey, openScene, ROSTER } from './scene.ts';
import { rosterWith } from './security-keys.ts';

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
});

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
