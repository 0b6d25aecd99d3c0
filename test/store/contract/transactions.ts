import { afterEach, describe, expect, test, vi } from 'vitest';
import type { StoreReader, StoreWriter } from '../../../src/authority/ports.ts';
import type { StoreUnderTest } from '../../support/store.ts';
import { allLeaves, expectedHead, plainCheckpoint } from '../../support/store.ts';
import { bytes, NOW, sampleCertificate, sampleCredential, sampleIssue } from '../../support/store-records.ts';

export function transactionLaws(open: StoreUnderTest['open']): void {
  describe('a transaction', () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    test('that throws leaves nothing, and gives its own error', async () => {
      const store = await open();
      const failure = new Error('no');
      const credential = sampleCredential();
      const failing = store.write(async (tx) => {
        await tx.insertCredential(credential);
        await tx.appendLeaf(bytes(9));
        throw failure;
      });
      await expect(failing).rejects.toBe(failure);
      expect(await store.read((tx) => tx.findCredential(credential.id))).toBeUndefined();
      expect((await store.read((tx) => tx.logHead())).size).toBe(0);
    });

    test('that throws leaves the others of the same commit as they are', async () => {
      const store = await open();
      const leaves = Array.from({ length: 50 }, (_, index) => new Uint8Array([index]));
      const outcomes = await Promise.allSettled(
        leaves.map((leaf, index) =>
          store.write(async (tx) => {
            const certificate = sampleCertificate({ serial: BigInt(index + 1) });
            await tx.insertCertificate(certificate, []);
            await tx.appendLeaf(leaf, certificate.serial);
            if (index % 3 === 0) throw new Error('no');
          }),
        ),
      );
      const good = leaves.filter((_, index) => index % 3 !== 0);
      expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
        leaves.map((_, index) => index % 3 !== 0),
      );
      await store.read(async (tx) => {
        expect(await allLeaves(tx)).toEqual(good);
        expect(await tx.logHead()).toEqual(expectedHead(good));
        expect(await tx.findCertificate(1n)).toBeUndefined();
        expect(await tx.leafOfSerial(2n)).toEqual({ index: 0, leaf: new Uint8Array([1]) });
      });
    });

    test('shares its commit with those that other network events began', async () => {
      const signed: number[] = [];
      const store = await open((size, root) => {
        signed.push(size);
        return plainCheckpoint(size, root);
      });
      signed.length = 0;
      // Between two immediates, as between two network events, all microtasks run.
      const begin = () => new Promise((resolve) => setImmediate(() => resolve(store.write(appendOne))));
      const appendOne = (tx: StoreWriter) => tx.appendLeaf(bytes(5));
      await Promise.all(Array.from({ length: 20 }, begin));
      expect(signed).toEqual([20]);
    });

    test('that throws gives its place in the pool back', async () => {
      const store = await open();
      const bounds = { total: 1, perAddress: 1 };
      const kept = sampleIssue();
      await store.write((tx) => tx.insertRequest(kept, bounds, NOW));
      const failing = store.write(async (tx) => {
        await tx.insertRequest(sampleIssue(), bounds, NOW);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await store.read((tx) => tx.findRequest(kept.id))).toEqual(kept);
    });

    test('sees what it wrote, and nobody else does before it is stored', async () => {
      const store = await open();
      const { promise: looked, resolve: goOn } = Promise.withResolvers<void>();
      const { promise: wrote, resolve: tell } = Promise.withResolvers<void>();
      const writing = store.write(async (tx) => {
        await tx.setRoster('d', 'text', NOW);
        expect(await tx.rosterDigest()).toBe('d');
        tell();
        await looked;
      });
      await wrote;
      expect(await store.read((tx) => tx.rosterDigest())).toBeUndefined();
      goOn();
      await writing;
      expect(await store.read((tx) => tx.rosterDigest())).toBe('d');
    });

    test('that reads sees one state, whatever is written meanwhile', async () => {
      const store = await open();
      const before = await store.read(async (tx) => {
        await tx.rosterDigest();
        await store.write((other) => other.setRoster('d', 'text', NOW));
        return tx.rosterDigest();
      });
      expect(before).toBeUndefined();
      expect(await store.read((tx) => tx.rosterDigest())).toBe('d');
    });

    test('that reads and throws leaves the other readers alone', async () => {
      const store = await open();
      const failing = store.read(async () => {
        throw new Error('no');
      });
      const reading = store.read((tx) => tx.logHead());
      await expect(failing).rejects.toThrow('no');
      expect((await reading).size).toBe(0);
    });

    test('is over when its work is over, and does not reach into the next one', async () => {
      const store = await open();
      const kept: { writer?: StoreWriter; reader?: StoreReader } = {};
      await store.write(async (tx) => {
        kept.writer = tx;
      });
      await store.read(async (tx) => {
        kept.reader = tx;
      });
      await store.write(async () => {
        await expect(kept.writer?.setRoster('d', 'text', NOW)).rejects.toThrow(TypeError);
      });
      await store.read(async () => {
        await expect(kept.reader?.rosterDigest()).rejects.toThrow(TypeError);
      });
      expect(await store.read((tx) => tx.rosterDigest())).toBeUndefined();
    });

    test('whose work does not wait for its own queries is refused', async () => {
      const store = await open();
      const hasty = store.write(async (tx) => {
        void tx.claimKey('k', { role: 'touch', person: 'alice' });
      });
      await expect(hasty).rejects.toThrow(TypeError);
      expect(await store.read((tx) => tx.keyUse('k'))).toBeUndefined();
    });

    test('whose work never ends is given up, and the next one begins', async () => {
      const store = await open();
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const { promise: begun, resolve: tell } = Promise.withResolvers<void>();
      const stuck = store.write(async (tx) => {
        await tx.claimKey('k', { role: 'touch', person: 'alice' });
        tell();
        await new Promise(() => undefined);
      });
      const refused = expect(stuck).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
      const next = store.write((tx) => tx.keyUse('k'));
      await begun;
      await vi.advanceTimersByTimeAsync(10_000);
      await refused;
      expect(await next).toBeUndefined();
    });
  });

  describe('a store', () => {
    test('that is closed refuses everything', async () => {
      const store = await open();
      await store.close();
      const closed = { name: 'StoreError', code: 'closed' };
      await expect(store.read((tx) => tx.logHead())).rejects.toMatchObject(closed);
      await expect(store.write((tx) => tx.appendLeaf(bytes(1)))).rejects.toMatchObject(closed);
    });

    test('stores what was under way when it is closed, and has it when it is opened again', async () => {
      const store = await open();
      const writes = Array.from({ length: 30 }, (_, index) =>
        store.write((tx) => tx.claimKey(`k${index}`, { role: 'touch', person: 'alice' })),
      );
      await store.close();
      await Promise.all(writes);
      await store.close();
      const again = await open();
      expect(await again.read((tx) => tx.keyUse('k29'))).toEqual({ role: 'touch', person: 'alice' });
    });
  });
}
