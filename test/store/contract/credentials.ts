import { describe, expect, test } from 'vitest';
import type { StoreUnderTest } from '../../support/store.ts';
import { NOW, sampleCredential, sampleInvite } from '../../support/store-records.ts';

export function credentialLaws(open: StoreUnderTest['open']): void {
  describe('a credential', () => {
    test('that nobody enrolled is not found, removed or counted up', async () => {
      const store = await open();
      await store.write(async (tx) => {
        expect(await tx.findCredential('none')).toBeUndefined();
        expect(await tx.removeCredential('none', NOW)).toBe(false);
        expect(await tx.raiseCounter('none', 1)).toBe(false);
        expect(await tx.credentialsOf('nobody')).toEqual([]);
      });
    });

    test('of an id that exists is refused, also when that one is removed', async () => {
      const store = await open();
      const first = sampleCredential();
      const second = sampleCredential({ id: first.id, person: 'mallory' });
      expect(await store.write((tx) => tx.insertCredential(first))).toBe(true);
      expect(await store.write((tx) => tx.insertCredential(second))).toBe(false);
      await store.write((tx) => tx.removeCredential(first.id, NOW + 5));
      expect(await store.write((tx) => tx.insertCredential(second))).toBe(false);
      expect(await store.read((tx) => tx.findCredential(first.id))).toEqual({ ...first, removedAt: NOW + 5 });
    });

    test('is removed once', async () => {
      const store = await open();
      const credential = sampleCredential();
      await store.write((tx) => tx.insertCredential(credential));
      expect(await store.write((tx) => tx.removeCredential(credential.id, NOW + 1))).toBe(true);
      expect(await store.write((tx) => tx.removeCredential(credential.id, NOW + 2))).toBe(false);
      const stored = await store.read((tx) => tx.findCredential(credential.id));
      expect(stored?.removedAt).toBe(NOW + 1);
    });

    test.each([
      [0, 0, true],
      [0, 1, true],
      [0, 2 ** 32 - 1, true],
      [5, 6, true],
      [5, 5, false],
      [5, 4, false],
      [5, 0, false],
    ])('with counter %i and an assertion with %i: %s', async (stored, counter, raised) => {
      const store = await open();
      const credential = sampleCredential({ counter: stored });
      await store.write((tx) => tx.insertCredential(credential));
      expect(await store.write((tx) => tx.raiseCounter(credential.id, counter))).toBe(raised);
      const after = await store.read((tx) => tx.findCredential(credential.id));
      expect(after?.counter).toBe(raised ? counter : stored);
    });

    test('that was removed is not counted up', async () => {
      const store = await open();
      const credential = sampleCredential({ removedAt: NOW });
      await store.write((tx) => tx.insertCredential(credential));
      expect(await store.write((tx) => tx.raiseCounter(credential.id, 9))).toBe(false);
    });

    test('gives one counter to one of many who send it at once', async () => {
      const store = await open();
      const credential = sampleCredential({ counter: 3 });
      await store.write((tx) => tx.insertCredential(credential));
      const raised = await Promise.all(
        Array.from({ length: 10 }, () => store.write((tx) => tx.raiseCounter(credential.id, 4))),
      );
      expect(raised.filter(Boolean)).toHaveLength(1);
    });

    test('comes back as it was stored, alone, with its person and in the list', async () => {
      const store = await open();
      const plain = sampleCredential({ createdAt: NOW - 2 });
      const full = sampleCredential({
        kind: 'ssh-sk',
        source: 'roster',
        attestedBy: ['ab'.repeat(32), '01'.repeat(32)],
        aaguid: '2fc0579f-8113-47ea-b116-bb5a8db9202a',
        counter: 2 ** 32 - 1,
        removedAt: NOW,
        label: "Robert'); drop table credential; --",
      });
      const bobs = sampleCredential({ person: 'bob' });
      await store.write(async (tx) => {
        for (const credential of [bobs, full, plain]) await tx.insertCredential(credential);
      });
      await store.read(async (tx) => {
        expect(await tx.findCredential(full.id)).toEqual(full);
        expect(await tx.credentialsOf('alice')).toEqual([plain, full]);
        expect(await tx.credentialsOf('Alice')).toEqual([]);
        expect(await tx.listCredentials()).toEqual([plain, full, bobs]);
      });
    });
  });

  describe('an invite', () => {
    test('that nobody made is not found and not used', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.findInvite('none'))).toBeUndefined();
      expect(await store.write((tx) => tx.useInvite('none', NOW))).toBe(false);
    });

    test('of an id that exists is refused', async () => {
      const store = await open();
      const invite = sampleInvite();
      await store.write((tx) => tx.insertInvite(invite));
      const again = store.write((tx) => tx.insertInvite({ ...invite, person: 'mallory' }));
      await expect(again).rejects.toMatchObject({ name: 'StoreError', code: 'duplicate' });
    });

    test('is used by one of many at once', async () => {
      const store = await open();
      const other = await open();
      const invite = sampleInvite();
      await store.write((tx) => tx.insertInvite(invite));
      expect(await store.read((tx) => tx.findInvite(invite.id))).toEqual(invite);
      const used = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? store : other).write((tx) => tx.useInvite(invite.id, NOW + 7)),
        ),
      );
      expect(used.filter(Boolean)).toHaveLength(1);
      expect(await store.read((tx) => tx.findInvite(invite.id))).toEqual({ ...invite, usedAt: NOW + 7 });
    });

    test('is forgotten a month after its end, and not before', async () => {
      const store = await open();
      const month = 30 * 86_400;
      const old = sampleInvite({ expiresAt: NOW });
      await store.write((tx) => tx.insertInvite(old));
      await store.write((tx) => tx.insertInvite(sampleInvite({ createdAt: NOW + month })));
      expect(await store.read((tx) => tx.findInvite(old.id))).toEqual(old);
      await store.write((tx) => tx.insertInvite(sampleInvite({ createdAt: NOW + month + 1 })));
      expect(await store.read((tx) => tx.findInvite(old.id))).toBeUndefined();
    });
  });
}
