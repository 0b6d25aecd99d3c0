import { describe, expect, test } from 'vitest';
import type { KeyUse } from '../../../src/authority/records.ts';
import type { StoreUnderTest } from '../../support/store.ts';
import { NOW } from '../../support/store-records.ts';

export function smallLaws(open: StoreUnderTest['open']): void {
  describe('a key', () => {
    test('without a role has none, and keeps the first that it gets', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.keyUse('k1'))).toBeUndefined();
      expect(await store.write((tx) => tx.claimKey('k1', { role: 'sudo' }))).toEqual({ role: 'sudo' });
      expect(await store.write((tx) => tx.claimKey('k1', { role: 'touch', person: 'alice' }))).toEqual({
        role: 'sudo',
      });
      expect(await store.write((tx) => tx.claimKey('k1', { role: 'sudo' }))).toEqual({ role: 'sudo' });
      expect(await store.read((tx) => tx.keyUse('k1'))).toEqual({ role: 'sudo' });
      expect(await store.read((tx) => tx.keyUse('k2'))).toBeUndefined();
    });

    test('that touches for somebody touches for nobody else', async () => {
      const store = await open();
      const claim = (person: string) => store.write((tx) => tx.claimKey('k', { role: 'touch', person }));
      expect(await claim('alice')).toEqual({ role: 'touch', person: 'alice' });
      expect(await claim('bob')).toEqual({ role: 'touch', person: 'alice' });
      expect(await store.read((tx) => tx.keyUse('k'))).toEqual({ role: 'touch', person: 'alice' });
    });

    test('that many claim at once has one role for all of them', async () => {
      const store = await open();
      const other = await open();
      const uses: readonly KeyUse[] = [
        { role: 'touch', person: 'alice' },
        { role: 'touch', person: 'bob' },
        ...(['ca', 'login', 'sudo', 'builder', 'host'] as const).map((role) => ({ role })),
      ];
      const claimed = await Promise.all(
        uses.map((use, index) => (index % 2 === 0 ? store : other).write((tx) => tx.claimKey('k', use))),
      );
      expect(new Set(claimed.map((use) => JSON.stringify(use))).size).toBe(1);
    });
  });

  describe('a nonce', () => {
    test('that was seen is refused until its time is over', async () => {
      const store = await open();
      const remember = (now: number) => store.write((tx) => tx.rememberNonce('n', now + 100, now));
      expect(await remember(NOW)).toBe(true);
      expect(await remember(NOW)).toBe(false);
      expect(await remember(NOW + 100)).toBe(false);
      expect(await remember(NOW + 101)).toBe(true);
      expect(await remember(NOW + 102)).toBe(false);
    });

    test('is remembered for one of many at once', async () => {
      const store = await open();
      const seen = await Promise.all(
        Array.from({ length: 10 }, () => store.write((tx) => tx.rememberNonce('n', NOW + 100, NOW))),
      );
      expect(seen.filter(Boolean)).toHaveLength(1);
    });

    test('whose time is over may come again though more are over than are forgotten at once', async () => {
      const store = await open();
      await store.write(async (tx) => {
        for (let index = 0; index < 50; index += 1) await tx.rememberNonce(`n${index}`, NOW + index, NOW);
      });
      expect(await store.write((tx) => tx.rememberNonce('n49', NOW + 900, NOW + 100))).toBe(true);
      expect(await store.write((tx) => tx.rememberNonce('n49', NOW + 900, NOW + 100))).toBe(false);
    });
  });

  describe('the roster', () => {
    test('is none before the first was loaded', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.rosterDigest())).toBeUndefined();
      expect(await store.read((tx) => tx.rosterText('d1'))).toBeUndefined();
    });

    test('in force is the last that was loaded, and the earlier ones stay to be read', async () => {
      const store = await open();
      await store.write((tx) => tx.setRoster('d1', 'people: {}', NOW));
      await store.write((tx) => tx.setRoster('d2', 'people: {ä: 1}', NOW + 1));
      expect(await store.read((tx) => tx.rosterDigest())).toBe('d2');
      await store.write((tx) => tx.setRoster('d1', 'people: {}', NOW + 2));
      await store.read(async (tx) => {
        expect(await tx.rosterDigest()).toBe('d1');
        expect(await tx.rosterText('d1')).toBe('people: {}');
        expect(await tx.rosterText('d2')).toBe('people: {ä: 1}');
      });
    });
  });
}
