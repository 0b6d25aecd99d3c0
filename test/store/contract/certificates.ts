import { describe, expect, test } from 'vitest';
import type { Store } from '../../../src/authority/ports.ts';
import type { IssuedCertificate } from '../../../src/authority/records.ts';
import type { StoreUnderTest } from '../../support/store.ts';
import { bytes, sampleCertificate } from '../../support/store-records.ts';

export function certificateLaws(open: StoreUnderTest['open']): void {
  describe('a certificate', () => {
    test('that was never issued is not found, nor its leaf', async () => {
      const store = await open();
      await store.read(async (tx) => {
        expect(await tx.findCertificate(1n)).toBeUndefined();
        expect(await tx.leafOfSerial(1n)).toBeUndefined();
      });
    });

    test('without its leaf is refused', async () => {
      const store = await open();
      const { serial } = sampleCertificate();
      const alone = store.write((tx) => tx.insertCertificate(sampleCertificate({ serial }), []));
      await expect(alone).rejects.toThrow(TypeError);
      expect(await store.read((tx) => tx.findCertificate(serial))).toBeUndefined();
    });

    test.each([
      ['of a certificate that is not there', async () => undefined],
      ['twice', (store: Store) => store.write((tx) => tx.appendLeaf(bytes(5)))],
    ])('has no leaf %s', async (title, before) => {
      const store = await open();
      await before(store);
      const certificate = sampleCertificate();
      const wrong = store.write(async (tx) => {
        if (title === 'twice') await tx.insertCertificate(certificate, []);
        await tx.appendLeaf(bytes(9), certificate.serial);
        if (title === 'twice') await tx.appendLeaf(bytes(9), certificate.serial);
      });
      await expect(wrong).rejects.toThrow(TypeError);
      expect(await store.read((tx) => tx.leafOfSerial(certificate.serial))).toBeUndefined();
    });

    test('with a serial that exists is refused, with everything beside it', async () => {
      const store = await open();
      const first = sampleCertificate();
      await issue(store, first);
      const before = await store.read((tx) => tx.logHead());
      const again = issue(store, sampleCertificate({ serial: first.serial }));
      await expect(again).rejects.toMatchObject({ name: 'StoreError', code: 'duplicate' });
      expect(await store.read((tx) => tx.findCertificate(first.serial))).toEqual(first);
      expect(await store.read((tx) => tx.logHead())).toEqual(before);
    });

    test('gives its serial to one of many who want it at once', async () => {
      const store = await open();
      const serial = 77n;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, () => issue(store, sampleCertificate({ serial }))),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await store.read((tx) => tx.logHead())).size).toBe(1);
    });

    test.each([1n, 2n ** 53n + 1n, 2n ** 62n + 1n, 2n ** 63n - 1n])(
      'keeps serial %d exactly',
      async (serial) => {
        const store = await open();
        const certificate = sampleCertificate({ serial });
        const leaf = await issue(store, certificate);
        await issue(store, sampleCertificate({ serial: serial - 1n }));
        await store.read(async (tx) => {
          expect(await tx.findCertificate(serial)).toEqual(certificate);
          expect(await tx.leafOfSerial(serial)).toEqual({ index: 0, leaf });
          expect((await tx.leafOfSerial(serial - 1n))?.index).toBe(1);
        });
      },
    );

    test("of a serial that no database could hold is nobody's", async () => {
      const store = await open();
      await store.read(async (tx) => {
        for (const serial of [2n ** 63n, 2n ** 64n - 1n]) {
          expect(await tx.findCertificate(serial)).toBeUndefined();
          expect(await tx.leafOfSerial(serial)).toBeUndefined();
          expect(await tx.revocationCause(serial)).toBeUndefined();
        }
      });
    });

    test('that is none is refused, whatever its serial', async () => {
      const store = await open();
      const wrong = issue(store, sampleCertificate({ certificate: bytes(500) }));
      await expect(wrong).rejects.toMatchObject({ name: 'SshError' });
      expect((await store.read((tx) => tx.logHead())).size).toBe(0);
    });

    test('is found by the range that its serial is in, in ascending order', async () => {
      const store = await open();
      const most = 2n ** 63n - 1n;
      for (const serial of [2n ** 51n, 9n, 7n, 8n, most]) await issue(store, sampleCertificate({ serial }));
      await store.read(async (tx) => {
        expect(await tx.serialsBetween(7n, 9n)).toEqual([7n, 8n]);
        expect(await tx.serialsBetween(1n, 7n)).toEqual([]);
        expect(await tx.serialsBetween(9n, 2n ** 51n)).toEqual([9n]);
        expect(await tx.serialsBetween(1n, most)).toEqual([7n, 8n, 9n, 2n ** 51n]);
      });
    });

    test('counts for its person, from a time on, up to a bound', async () => {
      const store = await open();
      for (const [person, issuedAt] of [
        ['alice', 10],
        ['alice', 20],
        ['alice', 30],
        ['bob', 30],
      ] as const)
        await issue(store, sampleCertificate({ person, issuedAt }));
      await store.read(async (tx) => {
        expect(await tx.countIssued('alice', 0, 10)).toBe(3);
        expect(await tx.countIssued('alice', 20, 10)).toBe(2);
        expect(await tx.countIssued('alice', 31, 10)).toBe(0);
        expect(await tx.countIssued('alice', 0, 2)).toBe(2);
        expect(await tx.countIssued('alice', 0, 0)).toBe(0);
        expect(await tx.countIssued('carol', 0, 10)).toBe(0);
      });
    });
  });
}

async function issue(store: Store, certificate: IssuedCertificate): Promise<Uint8Array> {
  const leaf = bytes(40);
  await store.write(async (tx) => {
    await tx.appendLeaf(leaf, certificate.serial);
    await tx.insertCertificate(certificate, []);
  });
  return leaf;
}
