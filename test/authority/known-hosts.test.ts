import { expect, it } from 'vitest';
import { signKnownHosts } from '../../src/authority/known-hosts.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { stage } from './ca-scene.ts';
import { newKey, openScene } from './scene.ts';

it('a list of hosts has another number whenever it says something else, also within one second', async () => {
  await using scene = await openScene();
  const { authority } = scene;
  const texts = new Map<number, string>();
  const look = async () => {
    const text = new TextDecoder().decode((await signKnownHosts(authority)).statement);
    const { number } = JSON.parse(text);
    expect(texts.get(number) ?? text).toBe(text);
    expect(number).toBeGreaterThanOrEqual(Math.max(...texts.keys()));
    texts.set(number, text);
  };
  const revokeKey = () =>
    authority.store.write((tx) => tx.revokeKey(fingerprint(newKey().publicKey), scene.now));
  scene.pass(1);
  await look();
  for (let count = 0; count < 3; count += 1) {
    await revokeKey();
    await look();
  }
  for (let count = 0; count < 6; count += 1) {
    scene.pass(1);
    await look();
  }
  await stage(scene, 'host');
  await look();
});
