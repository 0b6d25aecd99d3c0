import { describe, expect, it } from 'vitest';
import { signBundle } from '../../src/authority/bundle.ts';
import { checkReadiness } from '../../src/authority/ready.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';
import { verifySshsig } from '../../src/ssh/sshsig.ts';
import { caSigner, newKey, openScene } from './scene.ts';
import { stagedSigner } from './stage.ts';

async function failing(authority: Parameters<typeof checkReadiness>[0]): Promise<readonly string[]> {
  return (await checkReadiness(authority)).filter(({ ok }) => !ok).map(({ name }) => name);
}

describe('readiness', () => {
  it('is what it says: everything works', async () => {
    await using scene = await openScene();
    expect(await failing(scene.authority)).toEqual([]);
  });

  it.for(['login', 'sudo', 'builder', 'host'] as const)(
    'fails when the CA key for %s does not sign',
    async (purpose) => {
      const signer = stagedSigner();
      await using scene = await openScene({ signers: { [purpose]: signer } });
      signer.instead = () => Promise.reject(new Error('no such device'));
      expect(await failing(scene.authority)).toEqual([`ca-${purpose}`]);
    },
  );

  it('fails when a CA key signs with another key', async () => {
    const signer = stagedSigner();
    await using scene = await openScene({ signers: { host: signer } });
    const other = caSigner();
    signer.instead = (message) => other.sign(message);
    expect(await failing(scene.authority)).toEqual(['ca-host']);
  });

  it('fails before a roster is in force', async () => {
    await using scene = await openScene({ roster: '' });
    expect(await failing(scene.authority)).toContain('roster');
  });

  it('fails when the store writes nothing', async () => {
    await using scene = await openScene();
    const store = { ...scene.authority.store, write: () => Promise.reject(new Error('full')) };
    const { store: real } = scene.authority;
    const readOnly = { ...store, read: real.read.bind(real), close: real.close.bind(real) };
    expect(await failing({ ...scene.authority, store: readOnly })).toEqual(['store']);
  });

  it('fails when the last checkpoint is not by the key of the log', async () => {
    await using scene = await openScene();
    const other = await openScene();
    await using _ = other;
    const { logVerifierKey } = other.authority;
    expect(await failing({ ...scene.authority, logVerifierKey })).toEqual(['log']);
  });
});

describe('the bundle', () => {
  it('names every key of the authority, signed by the key that clients pin', async () => {
    await using scene = await openScene();
    // Each change while it was set up took a second of its own.
    scene.pass(60);
    const { statement, signature } = await signBundle(scene.authority);
    const proof = verifySshsig(signature, 'usher-bundle', statement);
    expect(proof.valid && samePublicKey(proof.key, scene.authority.bundleKey.publicKey)).toBe(true);
    expect(samePublicKey(proof.key, newKey().publicKey)).toBe(false);
    const bundle = JSON.parse(new TextDecoder().decode(statement));
    expect(bundle).toMatchObject({ authority: scene.authority.origin, madeAt: scene.now });
    expect(bundle.caKeys.map(({ purpose }: { purpose: string }) => purpose)).toEqual([
      'login',
      'sudo',
      'builder',
      'host',
    ]);
    expect(new Set(bundle.caKeys.map(({ key }: { key: string }) => key)).size).toBe(4);
    scene.pass(1);
    const { statement: next } = await signBundle(scene.authority);
    const later = JSON.parse(new TextDecoder().decode(next));
    expect(later.number).toBeGreaterThan(bundle.number);
  });

  it('has another number when CA keys changed, also within one second', async () => {
    await using scene = await openScene();
    const texts = new Map<number, string>();
    const look = async () => {
      const text = new TextDecoder().decode((await signBundle(scene.authority)).statement);
      const { number } = JSON.parse(text);
      expect(texts.get(number) ?? text).toBe(text);
      texts.set(number, text);
    };
    scene.pass(60);
    await look();
    await scene.replaceCaKey('login');
    await look();
    scene.pass(1);
    await look();
    scene.pass(60);
    await look();
    expect(texts.size).toBe(3);
  });
});
