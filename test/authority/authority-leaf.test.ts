import { expect, it } from 'vitest';
import type { Authority } from '../../src/authority/authority.ts';
import { claimCaKeys } from '../../src/authority/key-roles.ts';
import type { LeafOf } from '../../src/log/leaf.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { openScene } from './scene.ts';

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
