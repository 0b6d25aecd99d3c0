import { describe, expect, test } from 'vitest';
import type { CaKeyRecord } from '../../../src/authority/records.ts';
import type { StoreUnderTest } from '../../support/store.ts';
import { NOW, sampleCaKey } from '../../support/store-records.ts';

const STATES: readonly CaKeyRecord['state'][] = [
  'created',
  'coming',
  'active',
  'retired',
  'removed',
  'revoked',
];

export function caKeyLaws(open: StoreUnderTest['open']): void {
  describe('a CA key', () => {
    test('is none at first', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.caKeyRecords())).toEqual([]);
    });

    test('of one purpose is never one of another', async () => {
      const store = await open();
      const record = sampleCaKey();
      await store.write((tx) => tx.saveCaKey(record));
      const other = store.write((tx) => tx.saveCaKey({ ...record, purpose: 'sudo' }));
      await expect(other).rejects.toMatchObject({ name: 'StoreError', code: 'duplicate' });
      expect(await store.read((tx) => tx.caKeyRecords())).toEqual([record]);
    });

    test('comes back in every state, in the order in which it became known', async () => {
      const store = await open();
      const records = STATES.map((state, index) =>
        sampleCaKey({ state, since: NOW - index, ...(index > 0 ? { publishedAt: NOW + index } : {}) }),
      );
      for (const record of records) await store.write((tx) => tx.saveCaKey(record));
      expect(await store.read((tx) => tx.caKeyRecords())).toEqual(records);
      expect(await (await open()).read((tx) => tx.caKeyRecords())).toEqual(records);
    });

    test('that gets another state keeps its place, and the others theirs', async () => {
      const store = await open();
      const [first, second] = [sampleCaKey(), sampleCaKey({ state: 'active', publishedAt: NOW })];
      const later = { ...first, state: 'coming', since: NOW + 5, publishedAt: NOW + 5 } as const;
      const unpublished = sampleCaKey({ ...second, state: 'revoked' });
      delete (unpublished as { publishedAt?: number }).publishedAt;
      for (const record of [first, second, later, unpublished])
        await store.write((tx) => tx.saveCaKey(record));
      expect(await store.read((tx) => tx.caKeyRecords())).toEqual([later, unpublished]);
    });

    test('that many save at once is there once', async () => {
      const [store, other] = [await open(), await open()];
      const record = sampleCaKey();
      await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? store : other).write((tx) => tx.saveCaKey(record)),
        ),
      );
      expect(await store.read((tx) => tx.caKeyRecords())).toEqual([record]);
    });
  });
}
