/** What ends a host's certificates for good, and what a renewal may mend: only what a new roster did to a host that it still has. */
import { describe, expect, it } from 'vitest';
import { removeCredential } from '../../src/authority/remove-credential.ts';
import { revokeLive } from '../../src/authority/revoke-live.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { KEEPERS, perform, revoke } from './act-scene.ts';
import type { Scene, Toucher } from './scene.ts';
import { openScene } from './scene.ts';
import { leavesOf, machineOf, TestHost } from './test-host.ts';

const WITHOUT_WEB1 = KEEPERS.replace(/ {2}web1: .*\n/, '');
const RENAMED = KEEPERS.replace('web1.example.org', 'www.example.org');

async function openWithHost() {
  const scene = await openScene({ roster: KEEPERS });
  const kim = await scene.enrol('kim');
  const host = await TestHost.enrolled(scene, 'web1');
  const serials = (await machineOf(scene, 'web1'))?.serials ?? [];
  return { scene, kim, host, serials, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

async function removeKeyOf(scene: Scene, person: string): Promise<void> {
  const [credential] = await scene.authority.store.read((tx) => tx.credentialsOf(person));
  await removeCredential(scene.authority, credential?.id ?? '', 'stolen');
}

async function locks(scene: Scene) {
  return (await leavesOf(scene)).filter((leaf) => leaf.kind === 'lock-machine');
}

describe('a host that was taken out of the roster and put back', () => {
  it.for([
    ['with its names', KEEPERS],
    ['with other names', RENAMED],
  ])('%s is locked until it enrols anew', async ([, roster = '']) => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    await scene.loadRoster(WITHOUT_WEB1);
    expect(await codeOfAsync(host.send(host.body()))).toBe('unknown-host');
    await scene.loadRoster(roster);
    expect(await codeOfAsync(host.send(host.body()))).toBe('machine-locked');
    expect((await TestHost.enrolled(scene, 'web1', host.keys)).state.generation).toBe(1);
  });

  it('is locked once, in the transaction of the roster, and no other one is', async () => {
    await using opened = await openWithHost();
    const { scene } = opened;
    await TestHost.enrolled(scene, 'db1');
    await scene.loadRoster(WITHOUT_WEB1);
    await scene.loadRoster(`${WITHOUT_WEB1}# once more\n`);
    expect(await locks(scene)).toMatchObject([
      { host: 'web1', generation: 1, reason: 'left-roster', request: new Uint8Array() },
    ]);
    expect((await machineOf(scene, 'web1'))?.lockedAt).toBe(scene.now);
    expect((await machineOf(scene, 'db1'))?.lockedAt).toBeUndefined();
  });
});

describe('a name that the roster takes away', () => {
  it('ends the certificate and not the machine: it renews', async () => {
    await using opened = await openWithHost();
    const { scene, host } = opened;
    await scene.loadRoster(RENAMED);
    const { certificates } = await host.renew();
    expect(certificates.map(({ fields }) => fields.principals)).toEqual([
      ['www.example.org'],
      ['www.example.org'],
    ]);
  });

  it('undoes no revocation by a person', async () => {
    await using opened = await openWithHost();
    const { scene, kim, host, serials } = opened;
    const [first = 0n] = serials;
    await perform(scene, 'kim', kim, revoke('serial', first));
    await scene.loadRoster(RENAMED);
    expect(['machine-locked', 'renewal-refused']).toContain(await codeOfAsync(host.renew()));
  });

  it.for(['machine', 'person', 'key', 'ca', 'lock', 'credential', 'serial'] as const)(
    'excuses no certificate that was revoked for the cause %s',
    async (cause) => {
      await using opened = await openWithHost();
      const { scene, host } = opened;
      const why = { cause, subject: 'web1', reason: '' };
      const filter = { kind: 'holder', purposes: ['host'], holder: 'web1' } as const;
      await scene.authority.store.write((tx) => revokeLive(tx, filter, why, scene.now));
      await scene.loadRoster(RENAMED);
      expect(await codeOfAsync(host.renew())).toBe('renewal-refused');
    },
  );
});

describe('a token that waits', () => {
  it.for<[string, (scene: Scene, kim: Toucher) => unknown, string]>([
    [
      'the machine was revoked',
      (scene, kim) => perform(scene, 'kim', kim, revoke('machine', 'web1')),
      'token-expired',
    ],
    [
      'who made it was revoked',
      (scene, kim) => perform(scene, 'kim', kim, revoke('person', 'kim')),
      'token-expired',
    ],
    ['a security key of who made it was removed', (scene) => removeKeyOf(scene, 'kim'), 'token-expired'],
    [
      'who made it is in the roster no more',
      (scene) => scene.loadRoster(KEEPERS.replace(/ {2}kim: .*\n/, '')),
      'token-unknown',
    ],
    [
      'who made it has the right no more',
      (scene) => scene.loadRoster(KEEPERS.replace('[hosts, revoke, ca]', '[revoke, ca]')),
      'token-unknown',
    ],
    [
      'the time of who made it is over',
      (scene) => scene.loadRoster(KEEPERS.replace('[kim],', '[kim], until: 2020-01-01T00:00:00Z,')),
      'token-unknown',
    ],
  ])('is good no more when %s', async ([, change, code]) => {
    await using opened = await openWithHost();
    const { scene, kim, host } = opened;
    const waiting = await TestHost.invited(scene, 'web1');
    await change(scene, kim);
    expect(await codeOfAsync(waiting.renew())).toBe(code);
    expect((await machineOf(scene, 'web1'))?.keys).toHaveLength(host.keys.length);
  });

  it('for another host, or of another person, is as good as before', async () => {
    await using opened = await openWithHost();
    const { scene, kim } = opened;
    const waiting = await TestHost.invited(scene, 'db1');
    await perform(scene, 'kim', kim, revoke('machine', 'web1'));
    await perform(scene, 'kim', kim, revoke('person', 'alice')).catch(() => undefined);
    expect(await waiting.renew()).toMatchObject({ generation: 1 });
  });

  it('is something to revoke', async () => {
    await using opened = await openWithHost();
    const { scene, kim } = opened;
    await TestHost.invited(scene, 'db1');
    expect(await perform(scene, 'kim', kim, revoke('machine', 'db1'))).toMatchObject({ count: 0 });
    expect(await codeOfAsync(perform(scene, 'kim', kim, revoke('machine', 'db1')))).toBe('nothing-to-revoke');
  });
});

describe('the serial of a host certificate', () => {
  it('that the machine has now locks it with everything it has', async () => {
    await using opened = await openWithHost();
    const { scene, kim, host, serials } = opened;
    const [first = 0n] = serials;
    expect(await perform(scene, 'kim', kim, revoke('serial', first))).toMatchObject({
      count: 2,
      serials: [...serials].sort((a, b) => (a < b ? -1 : 1)),
    });
    expect(await codeOfAsync(host.send(host.body()))).toBe('machine-locked');
    expect(await locks(scene)).toMatchObject([{ host: 'web1', reason: 'revoked' }]);
    expect(await codeOfAsync(perform(scene, 'kim', kim, revoke('serial', first)))).toBe('nothing-to-revoke');
  });

  it('that it had before leaves the machine as it is', async () => {
    await using opened = await openWithHost();
    const { scene, kim, host, serials } = opened;
    const [first = 0n] = serials;
    scene.pass(86_400);
    await host.renew();
    expect(await perform(scene, 'kim', kim, revoke('serial', first))).toMatchObject({ serials: [first] });
    await host.renew();
    expect(await locks(scene)).toEqual([]);
  });
});
