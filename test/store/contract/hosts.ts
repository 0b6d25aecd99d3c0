import { describe, expect, test } from 'vitest';
import type { StoreUnderTest } from '../../support/store.ts';
import { NOW, sampleHostReport, sampleHostToken, sampleMachine } from '../../support/store-records.ts';

export function hostLaws(open: StoreUnderTest['open']): void {
  describe('a host token', () => {
    test('that nobody made is not found and not used', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.findHostToken('none'))).toBeUndefined();
      expect(await store.write((tx) => tx.useHostToken('none', NOW))).toBe(false);
    });

    test('of an id that exists is refused, also when that one was used', async () => {
      const store = await open();
      const first = sampleHostToken();
      await store.write((tx) => tx.insertHostToken(first));
      await store.write((tx) => tx.useHostToken(first.id, NOW + 1));
      const again = store.write((tx) => tx.insertHostToken({ ...first, host: 'db1' }));
      await expect(again).rejects.toMatchObject({ name: 'StoreError', code: 'duplicate' });
      const stored = await store.read((tx) => tx.findHostToken(first.id));
      expect(stored).toEqual({ ...first, usedAt: NOW + 1 });
    });

    test('is used by one of many at once, once', async () => {
      const [store, other] = [await open(), await open()];
      const hostToken = sampleHostToken();
      await store.write((tx) => tx.insertHostToken(hostToken));
      expect(await other.read((tx) => tx.findHostToken(hostToken.id))).toEqual(hostToken);
      const used = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? store : other).write((tx) => tx.useHostToken(hostToken.id, NOW + 7)),
        ),
      );
      expect(used.filter(Boolean)).toHaveLength(1);
      expect(await store.write((tx) => tx.useHostToken(hostToken.id, NOW + 8))).toBe(false);
      const stored = await (await open()).read((tx) => tx.findHostToken(hostToken.id));
      expect(stored).toEqual({ ...hostToken, usedAt: NOW + 7 });
    });

    test('is not used when what it was used for is not stored', async () => {
      const store = await open();
      const hostToken = sampleHostToken();
      await store.write((tx) => tx.insertHostToken(hostToken));
      const failing = store.write(async (tx) => {
        expect(await tx.useHostToken(hostToken.id, NOW)).toBe(true);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await store.write((tx) => tx.useHostToken(hostToken.id, NOW))).toBe(true);
    });

    test('that is open is ended by its host or its person, and nothing else is', async () => {
      const store = await open();
      const [used, over] = [sampleHostToken(), sampleHostToken({ expiresAt: NOW + 9 })];
      const [web, db] = [sampleHostToken({ person: 'kim' }), sampleHostToken({ host: 'db1' })];
      for (const each of [used, over, web, db]) await store.write((tx) => tx.insertHostToken(each));
      await store.write((tx) => tx.useHostToken(used.id, NOW + 1));
      const end = (kind: 'host' | 'person', name: string, now: number) =>
        store.write((tx) => tx.endHostTokens({ kind, name }, now));
      const endOf = async ({ id }: typeof web) => (await store.read((tx) => tx.findHostToken(id)))?.expiresAt;
      expect(await end('host', 'alice', NOW + 9)).toBe(0);
      expect(await end('person', 'web1', NOW + 9)).toBe(0);
      expect(await end('host', 'web1', NOW + 9)).toBe(1);
      expect(await Promise.all([used, over, web, db].map(endOf))).toEqual([
        used.expiresAt,
        NOW + 9,
        NOW + 9,
        db.expiresAt,
      ]);
      expect(await end('person', 'kim', NOW + 10)).toBe(0);
      expect(await end('person', 'alice', NOW + 10)).toBe(1);
      expect(await endOf(db)).toBe(NOW + 10);
      expect(await endOf(over)).toBe(NOW + 9);
    });

    test('is forgotten a month after its end, and not before', async () => {
      const store = await open();
      const month = 30 * 86_400;
      const old = sampleHostToken({ expiresAt: NOW });
      await store.write((tx) => tx.insertHostToken(old));
      await store.write((tx) => tx.insertHostToken(sampleHostToken({ createdAt: NOW + month })));
      expect(await store.read((tx) => tx.findHostToken(old.id))).toEqual(old);
      await store.write((tx) => tx.insertHostToken(sampleHostToken({ createdAt: NOW + month + 1 })));
      expect(await store.read((tx) => tx.findHostToken(old.id))).toBeUndefined();
    });
  });

  describe('a machine', () => {
    test('that never enrolled is not found', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.findMachine('web1'))).toBeUndefined();
      expect(await store.read((tx) => tx.listMachines())).toEqual([]);
    });

    test('comes back as it was saved last, alone and in the list, by name', async () => {
      const store = await open();
      const [first, db1] = [sampleMachine(), sampleMachine({ name: 'db1', keys: [], serials: [] })];
      const locked = sampleMachine({
        generation: 2,
        lockedAt: NOW + 1,
        enrolledAt: NOW + 2,
        renewedAt: NOW + 3,
      });
      await store.write(async (tx) => {
        for (const machine of [first, db1]) await tx.saveMachine(machine);
      });
      expect(await store.read((tx) => tx.findMachine('web1'))).toEqual(first);
      await store.write((tx) => tx.saveMachine(locked));
      expect(await (await open()).read((tx) => tx.listMachines())).toEqual([db1, locked]);
      const unlocked = sampleMachine({ generation: 3 });
      await store.write((tx) => tx.saveMachine(unlocked));
      expect(await store.read((tx) => tx.findMachine('web1'))).toEqual(unlocked);
    });

    test('of which many make the next generation has that of one of them', async () => {
      const [store, other] = [await open(), await open()];
      await store.write((tx) => tx.saveMachine(sampleMachine()));
      const renewed = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? store : other).write(async (tx) => {
            const machine = await tx.findMachine('web1');
            if (machine?.generation !== 1) return false;
            await tx.saveMachine({ ...machine, generation: 2 });
            return true;
          }),
        ),
      );
      expect(renewed.filter(Boolean)).toHaveLength(1);
    });
  });

  describe('a report', () => {
    test('of one host is found, and of another is not', async () => {
      const store = await open();
      const report = sampleHostReport();
      await store.write((tx) => tx.saveHostReport(report));
      expect(await store.read((tx) => tx.findHostReport('web1'))).toEqual(report);
      expect(await store.read((tx) => tx.findHostReport('db1'))).toBeUndefined();
    });

    test('of a host is its last one, by the names of hosts', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.listHostReports())).toEqual([]);
      const [db1, last] = [
        sampleHostReport({ host: 'db1' }),
        sampleHostReport({ receivedAt: NOW + 9, trusts: [], shows: [], problems: [] }),
      ];
      for (const report of [sampleHostReport(), db1, last])
        await store.write((tx) => tx.saveHostReport(report));
      expect(await (await open()).read((tx) => tx.listHostReports())).toEqual([db1, last]);
    });
  });

  describe('an alarm', () => {
    test('is raised once', async () => {
      const [store, other] = [await open(), await open()];
      const raised = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? store : other).write((tx) => tx.rememberAlarm('unknown-serial 5', 'web1', NOW)),
        ),
      );
      expect(raised.filter(Boolean)).toHaveLength(1);
      expect(await store.write((tx) => tx.rememberAlarm('unknown-serial 5', 'web1', NOW * 2))).toBe(false);
      expect(await store.write((tx) => tx.rememberAlarm('unknown-serial 6', 'web1', NOW))).toBe(true);
    });

    test('is known once it was raised, and counted for its host from a time on', async () => {
      const store = await open();
      const raise = (what: string, host: string, now: number) =>
        store.write((tx) => tx.rememberAlarm(what, host, now));
      expect(await store.read((tx) => tx.isAlarmKnown('a'))).toBe(false);
      for (const [what, now] of [
        ['a', NOW],
        ['b', NOW + 1],
        ['c', NOW + 2],
      ] as const)
        await raise(what, 'web1', now);
      await raise('d', 'db1', NOW);
      expect(await store.read((tx) => tx.isAlarmKnown('a'))).toBe(true);
      const count = (host: string, since: number, most = 9) =>
        store.read((tx) => tx.countAlarms(host, since, most));
      expect(await Promise.all([count('web1', NOW), count('web1', NOW + 1), count('web1', NOW + 3)])).toEqual(
        [3, 2, 0],
      );
      expect(await Promise.all([count('web1', NOW, 2), count('db1', 0), count('web2', 0)])).toEqual([
        2, 1, 0,
      ]);
    });
  });

  describe('the statement about a keyless sudo CA', () => {
    test('is none at first, and is never replaced by one that is not newer', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.sudoStatement())).toBeUndefined();
      const outcomes: boolean[] = [];
      for (const [number, text] of [
        [5, 'five'],
        [5, 'another five'],
        [4, 'four'],
        [6, 'six'],
      ] as const)
        outcomes.push(await store.write((tx) => tx.setSudoStatement(number, text, NOW)));
      expect(outcomes).toEqual([true, false, false, true]);
      expect(await (await open()).read((tx) => tx.sudoStatement())).toBe('six');
      // Each that was taken has a number of its own for bundles, of the same second too.
      const taken = outcomes.filter(Boolean).length;
      expect(await store.read((tx) => tx.bundleNumber())).toBe(NOW + taken);
    });
  });
}
