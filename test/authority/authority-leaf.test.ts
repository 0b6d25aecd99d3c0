import { expect, it } from 'vitest';
import type { Authority } from '../../src/authority/authority.ts';
import { claimCaKeys } from '../../src/authority/key-roles.ts';
import type { LeafOf } from '../../src/log/leaf.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { fileSigner } from '../../src/signer/file.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import { newKey, openScene } from './scene.ts';

async function authorityLeaves({ store }: Authority): Promise<readonly LeafOf<'authority'>[]> {
  return store.read(async (tx) => {
    const { size } = await tx.logHead();
    const leaves = [];
    for (let index = 0; index < size; index++)
      leaves.push(decodeLeaf((await tx.logLeaf(index)) ?? new Uint8Array()));
    return leaves.filter((leaf) => leaf.kind === 'authority');
  });
}

it('the keys of an authority are in the log once, however often it starts', async () => {
  await using scene = await openScene();
  await claimCaKeys(scene.authority);
  const [leaf, ...others] = await authorityLeaves(scene.authority);
  expect(others).toEqual([]);
  expect(leaf?.origin).toBe(scene.authority.origin);
  expect(leaf?.caKeys.map(({ purpose }) => purpose)).toEqual(['login', 'sudo', 'builder', 'host']);
});

it('a CA key that takes the place of another one is in the log before it can sign', async () => {
  await using scene = await openScene();
  const key = newKey();
  const { authority } = scene;
  await claimCaKeys({ ...authority, signers: { ...authority.signers, login: fileSigner(key) } });
  const leaves = await authorityLeaves(authority);
  expect(leaves).toHaveLength(2);
  const login = leaves.at(-1)?.caKeys.find(({ purpose }) => purpose === 'login');
  expect(login?.publicKey).toEqual(encodePublicKey(key.publicKey));
});
