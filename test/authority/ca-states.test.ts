import { rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { Authority } from '../../src/authority/authority.ts';
import { activeSigner } from '../../src/authority/ca-keys.ts';
import { strayKeys } from '../../src/authority/ca-states.ts';
import { touchRequest } from '../../src/authority/issue.ts';
import { claimCaKeys } from '../../src/authority/key-roles.ts';
import { checkReadiness } from '../../src/authority/ready.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { generateSecurityKey } from '../support/keys.ts';
import { activate, leavesFrom, retire, revokeCa, stage, statesOf } from './ca-scene.ts';
import type { Scene } from './scene.ts';
import { caSigner, openScene } from './scene.ts';
import { sudoRoster } from './sudo-scene.ts';

const SK = 'sk-ssh-ed25519@openssh.com';

async function logSize({ store }: Authority): Promise<number> {
  return (await store.read((tx) => tx.logHead())).size;
}

describe('a start is refused', () => {
  it.for(['active', 'coming'] as const)('when no signer has a key that is %s, by its name', async (state) => {
    const next = caSigner();
    await using scene = await openScene({ signers: { login: [caSigner(), next] } });
    const key = fingerprint(next.publicKey);
    await stage(scene, 'login', key);
    if (state === 'active') await activate(scene, 'login', key);
    const without = scene.withSigners({ login: scene.caSigner('login') });
    expect(await codeOfAsync(claimCaKeys(without))).toBe('no-ca-key');
    await expect(claimCaKeys(without)).rejects.toThrow(`${key} for login is ${state}`);
  });

  it('when the file of a key that was made here is gone', async () => {
    await using scene = await openScene();
    await stage(scene, 'login');
    const [made] = await scene.authority.keyring.made();
    await rm(made?.file ?? '');
    expect(await codeOfAsync(claimCaKeys(scene.withSigners({})))).toBe('no-ca-key');
  });

  it('with a further key that is one of another purpose', async () => {
    await using scene = await openScene();
    const login = [scene.caSigner('login'), scene.caSigner('sudo')];
    expect(await codeOfAsync(claimCaKeys(scene.withSigners({ login })))).toBe('key-has-role');
  });

  it('with a further key that was certified before, or that signs bundles', async () => {
    await using scene = await openScene();
    const { key } = await scene.login('alice', await scene.enrol('alice'));
    for (const { publicKey } of [key, scene.authority.bundleKey]) {
      const login = [scene.caSigner('login'), { ...caSigner(), publicKey }];
      expect(await codeOfAsync(claimCaKeys(scene.withSigners({ login })))).toBe('key-has-role');
    }
  });
});

describe('a key that was revoked', () => {
  async function openRevoked() {
    const scene = await openScene();
    const next = caSigner();
    const name = fingerprint(next.publicKey);
    await scene.authority.store.write((tx) => tx.revokeKey(name, scene.now));
    return { scene, next, name };
  }

  it('is refused as a further CA key, at start', async () => {
    const { scene, next, name } = await openRevoked();
    await using _ = scene;
    const claim = claimCaKeys(scene.withSigners({ login: [scene.caSigner('login'), next] }));
    expect(await codeOfAsync(claim)).toBe('key-revoked');
    await expect(claim).rejects.toThrow(`${name} for login`);
    expect(await statesOf(scene.authority, 'login')).toHaveLength(1);
  });

  it('is refused as the first one of its purpose, at the first start', async () => {
    const { scene, next } = await openRevoked();
    await using _ = scene;
    await removeRecords(scene);
    expect(await codeOfAsync(claimCaKeys(scene.withSigners({ login: next })))).toBe('key-revoked');
  });

  it('as a CA key is no error in the settings: it signs no more', async () => {
    await using scene = await openScene({ signers: { login: [caSigner(), caSigner()] } });
    const name = fingerprint(scene.caKey('login'));
    await revokeCa(scene, 'login', name);
    await claimCaKeys(scene.authority);
    expect((await statesOf(scene.authority, 'login'))[0]).toEqual([name, 'revoked']);
  });

  it('is refused in "sudo_ca" of a roster, which is then not loaded', async () => {
    const [first, second] = [generateSecurityKey(SK), generateSecurityKey(SK)];
    const roster = (key: PublicKey) => sudoRoster({ caKeys: { carol: key } });
    await using scene = await openScene({ roster: roster(first.publicKey), signers: { sudo: 'touch' } });
    const name = fingerprint(second.publicKey);
    await scene.authority.store.write((tx) => tx.revokeKey(name, scene.now));
    const before = await scene.authority.store.read((tx) => tx.rosterDigest());
    expect(await codeOfAsync(scene.loadRoster(roster(second.publicKey)))).toBe('key-revoked');
    expect(await scene.authority.store.read((tx) => tx.rosterDigest())).toBe(before);
  });
});

/** As in an authority that has never had a CA key. */
async function removeRecords({ databasePath }: Scene): Promise<void> {
  const database = new DatabaseSync(databasePath);
  database.exec('delete from ca_key');
  database.close();
}

describe('a start', () => {
  it('makes the first key of each purpose sign, and no other', async () => {
    const [first, second] = [caSigner(), caSigner()];
    await using scene = await openScene({ signers: { login: [first, second] } });
    expect(await statesOf(scene.authority, 'login')).toEqual([
      [fingerprint(first.publicKey), 'active'],
      [fingerprint(second.publicKey), 'created'],
    ]);
  });

  it('tells of a further key once, and keeps it from any other use', async () => {
    await using scene = await openScene();
    const next = caSigner();
    const size = await logSize(scene.authority);
    const authority = scene.withSigners({ login: [next, scene.caSigner('login')] });
    await claimCaKeys(authority);
    await claimCaKeys(authority);
    expect(await leavesFrom(authority, size)).toMatchObject([
      { kind: 'ca-key', purpose: 'login', state: 'created' },
    ]);
    const alice = await scene.enrol('alice');
    const key = { ...(await scene.login('alice', alice)).key, publicKey: next.publicKey };
    expect(await codeOfAsync(scene.ask('alice', { key }))).toBe('possession-not-proven');
    expect((await statesOf(authority, 'login')).map(([, state]) => state)).toEqual(['active', 'created']);
  });

  it('without a key that hosts need not know, or need not know any more, is fine', async () => {
    const next = caSigner();
    await using scene = await openScene({ signers: { login: [caSigner(), next] } });
    const first = scene.caSigner('login');
    await claimCaKeys(scene.withSigners({ login: first }));
    const key = fingerprint(next.publicKey);
    await stage(scene, 'login', key);
    await activate(scene, 'login', key);
    await claimCaKeys(scene.withSigners({ login: next }));
    await retire(scene, 'login', fingerprint(first.publicKey));
    await claimCaKeys(scene.withSigners({ login: next }));
  });

  it('with an earlier key alone in the settings does not go back to it', async () => {
    const [first, next] = [caSigner(), caSigner()];
    await using scene = await openScene({ signers: { login: [first, next] } });
    const key = fingerprint(next.publicKey);
    await stage(scene, 'login', key);
    await activate(scene, 'login', key);
    await claimCaKeys(scene.withSigners({ login: [first, next] }));
    expect(await statesOf(scene.authority, 'login')).toEqual([
      [fingerprint(first.publicKey), 'retired'],
      [key, 'active'],
    ]);
  });

  it('after an update, from a version that kept no states, says in the log which keys sign', async () => {
    await using scene = await openScene();
    forgetStates(scene);
    const size = await logSize(scene.authority);
    await claimCaKeys(scene.authority);
    const [leaf, ...others] = await leavesFrom(scene.authority, size);
    expect(leaf).toMatchObject({ kind: 'authority' });
    expect(others).toEqual([]);
    expect(await statesOf(scene.authority, 'login')).toEqual([[fingerprint(scene.caKey('login')), 'active']]);
  });
});

describe('a process that lacks the key which signs', () => {
  it('issues nothing, and says that it is not ready', async () => {
    await using scene = await openScene();
    const lacking = scene.withSigners({ login: caSigner() });
    const signer = lacking.store.read((tx) => activeSigner(lacking, tx, 'login'));
    expect(await codeOfAsync(signer)).toBe('no-ca-key');
    const failing = (await checkReadiness(lacking)).filter(({ ok }) => !ok);
    expect(failing).toEqual([{ name: 'ca-login', ok: false }]);
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const touching = touchRequest(lacking, asked.request.id, asked, scene.assertion(asked.request, alice));
    expect(await codeOfAsync(touching)).toBe('signing-failed');
  });
});

function forgetStates({ databasePath }: Scene): void {
  const database = new DatabaseSync(databasePath);
  database.exec('DELETE FROM ca_key');
  database.close();
}

describe('a stop between the file of a new key and the store', () => {
  it('leaves a file that does no harm and is told', async () => {
    let isFull = false;
    await using scene = await openScene({
      wrapStore: (store) => ({
        read: (work) => store.read(work),
        close: () => store.close(),
        write: (work) =>
          store.write(async (tx) => {
            const result = await work(tx);
            if (isFull) throw Object.assign(new Error('the disk is full'), { code: 'full' });
            return result;
          }),
      }),
    });
    isFull = true;
    expect(await codeOfAsync(stage(scene, 'login'))).toBe('full');
    isFull = false;
    const strays = await strayKeys(scene.authority);
    expect(strays).toMatchObject([{ purpose: 'login' }]);
    await claimCaKeys(scene.authority);
    expect(await statesOf(scene.authority, 'login')).toHaveLength(1);
    const key = await stage(scene, 'login');
    expect(key).not.toBe(fingerprint(strays[0]?.key ?? scene.caKey('login')));
    expect(await strayKeys(scene.authority)).toEqual(strays);
  });
});
