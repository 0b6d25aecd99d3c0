import { expect, it } from 'vitest';
import { describePerson } from '../../src/authority/me.ts';
import { removeCredential } from '../../src/authority/remove-credential.ts';
import { openScene } from './scene.ts';

it('a credential that was removed is asked for no more, and is none of the person any more', async () => {
  await using scene = await openScene();
  const lost = await scene.enrol('alice');
  const kept = await scene.enrol('alice');
  await removeCredential(scene.authority, lost.credentialId, 'lost');
  const { hints } = await scene.ask('alice');
  expect(hints.credentialIds).toEqual([kept.credentialId]);
  const { credentials } = await describePerson(scene.authority, 'alice');
  expect(credentials.map(({ id }) => id)).toEqual([kept.credentialId]);
});
