/** Leaves of a real log, and what is no longer true of them when something is changed. */
import { hex } from '@scure/base';
import { expect, it } from 'vitest';
import { checkHostCertificateLeaf } from '../../../src/authority/logged-host-certificate.ts';
import { secretHash } from '../../../src/fleet/host/secret.ts';
import type { Leaf } from '../../../src/log/leaf.ts';
import { actParameters } from '../../../src/ssh/act.ts';
import { KEEPERS, perform } from '../../authority/act-scene.ts';
import { newKey, openScene } from '../../authority/scene.ts';
import { leavesOf, newSecretText, TestHost } from '../../authority/test-host.ts';

type LeafOf<K extends Leaf['kind']> = Extract<Leaf, { readonly kind: K }>;

async function openLog() {
  const scene = await openScene({ roster: KEEPERS });
  const kim = await scene.enrol('kim');
  const secret = newSecretText();
  const act = { kind: 'invite-host', host: 'web1', tokenHash: hex.decode(secretHash(secret)) } as const;
  await perform(scene, 'kim', kim, act);
  const host = new TestHost(scene, 'web1', [newKey(), newKey()], { generation: 0, secret });
  await host.renew();
  scene.pass(86_400);
  await host.renew();
  const leaves = await leavesOf(scene);
  const of = leaves.filter((leaf): leaf is LeafOf<'host-certificate'> => leaf.kind === 'host-certificate');
  const invitation = leaves.find((leaf): leaf is LeafOf<'act'> => leaf.kind === 'act');
  const authority = scene.caKey('host');
  const user = (await scene.login('kim', kim)).certificate;
  await scene[Symbol.asyncDispose]();
  const [first, second, renewed] = of;
  if (first === undefined || second === undefined || renewed === undefined || invitation === undefined)
    return expect.fail('a leaf is missing');
  return { of, first, second, renewed, invitation, authority, user };
}

it('what changes one thing of a leaf is refused', async () => {
  const { first, second, renewed, invitation, authority, user } = await openLog();
  const bad: readonly (readonly [LeafOf<'host-certificate'>, typeof authority, LeafOf<'act'> | undefined])[] =
    [
      [first, newKey().publicKey, invitation],
      [{ ...first, index: 1 }, authority, invitation],
      [{ ...first, index: 7 }, authority, invitation],
      [{ ...first, certificate: second.certificate }, authority, invitation],
      [{ ...first, host: 'db1' }, authority, invitation],
      [{ ...first, generation: 2 }, authority, invitation],
      [{ ...first, request: renewed.request }, authority, invitation],
      [{ ...first, certificate: user }, authority, invitation],
      [
        {
          ...first,
          certificate: first.certificate.map((byte, at, all) => (at === all.length - 1 ? byte ^ 1 : byte)),
        },
        authority,
        invitation,
      ],
      [first, authority, undefined],
      [
        first,
        authority,
        {
          ...invitation,
          parameters: actParameters({ kind: 'invite-host', host: 'web1', tokenHash: new Uint8Array(32) }),
        },
      ],
      [first, authority, { ...invitation, action: 'revoke' }],
    ];
  for (const [leaf, key, act] of bad) expect(() => checkHostCertificateLeaf(leaf, key, act)).toThrow();
});

it('every leaf of a log holds, of an enrolment with its invitation', async () => {
  const { of, invitation, authority } = await openLog();
  expect(of).toHaveLength(4);
  for (const leaf of of)
    expect(
      checkHostCertificateLeaf(leaf, authority, leaf.generation === 1 ? invitation : undefined).fields.type,
    ).toBe('host');
});
