import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../../src/authority/ports.ts';
import type { StoreUnderTest } from '../../support/store.ts';
import { allLeaves, expectedHead, expectedNodes, plainCheckpoint } from '../../support/store.ts';
import { bytes, NOW } from '../../support/store-records.ts';

export function logLaws(open: StoreUnderTest['open']): void {
  describe('the log', () => {
    test('is empty, without a checkpoint, before anything is appended', async () => {
      const store = await open();
      expect(await store.read((tx) => tx.logHead())).toEqual({ size: 0, checkpoint: '' });
      expect(await store.read((tx) => tx.logLeaf(0))).toBeUndefined();
      expect(await store.read((tx) => tx.logNodes([]))).toEqual([]);
    });

    test.each([
      { level: 0, index: 5 },
      { level: 1, index: 2 },
      { level: 2, index: 1 },
      { level: 3, index: 0 },
      { level: 40, index: 0 },
    ])('of 5 leaves has no node %o', async (place) => {
      const store = await open();
      await append(store, 5);
      const asked = store.read((tx) => tx.logNodes([{ level: 0, index: 0 }, place]));
      await expect(asked).rejects.toMatchObject({ name: 'StoreError' });
    });

    test.each([
      { level: -1, index: 0 },
      { level: 0, index: -1 },
      { level: 0.5, index: 0 },
      { level: 0, index: 2 ** 53 },
      { level: 60, index: 1 },
    ])('has nowhere a node %o', async (place) => {
      const store = await open();
      await expect(store.read((tx) => tx.logNodes([place]))).rejects.toThrow(TypeError);
    });

    test('refuses a leaf of more than 65,535 bytes, and takes one of that', async () => {
      const store = await open();
      await expect(store.write((tx) => tx.appendLeaf(bytes(65_536)))).rejects.toThrow(TypeError);
      await store.write((tx) => tx.appendLeaf(bytes(65_535)));
      expect((await store.read((tx) => tx.logHead())).size).toBe(1);
    });

    test('keeps the bytes of a leaf that its owner writes over at once', async () => {
      const store = await open();
      const leaf = new Uint8Array([1, 2, 3]);
      await store.write(async (tx) => {
        await tx.appendLeaf(leaf);
        leaf.fill(9);
      });
      expect(await store.read((tx) => tx.logLeaf(0))).toEqual(new Uint8Array([1, 2, 3]));
    });

    test('has every subtree and the signed root of RFC 6962, however the leaves came', {
      timeout: 30_000,
    }, async () => {
      const store = await open();
      let leaves: Uint8Array[] = [];
      const batches = fc.array(fc.nat(70), { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(batches, async (counts) => {
          for (const count of counts) leaves = leaves.concat(await append(store, count));
          await expectLog(store, leaves);
          await expectLog(await open(), leaves);
        }),
        { numRuns: 8 },
      );
    });

    test('goes on where another holder of the same database stopped', async () => {
      const [one, two] = [await open(), await open()];
      const leaves: Uint8Array[] = [];
      for (let turn = 0; turn < 9; turn += 1)
        leaves.push(...(await append(turn % 2 === 0 ? one : two, 1 + (turn % 4))));
      await expectLog(one, leaves);
      await expectLog(two, leaves);
    });

    test('takes the leaves of a transaction in their order, one transaction after the other', async () => {
      const store = await open();
      await Promise.all(Array.from({ length: 40 }, (_, index) => appendNumbers(store, index)));
      const leaves = await store.read(allLeaves);
      const numbers = leaves.map((leaf) => (leaf[0] ?? 0) * 3 + (leaf[1] ?? 0));
      expect(numbers).toEqual(Array.from({ length: 120 }, (_, index) => index));
    });
  });

  describe('a log that can not be signed', () => {
    test('is not opened', async () => {
      const opened = open(() => {
        throw new Error('no key');
      });
      await expect(opened).rejects.toMatchObject({ name: 'StoreError', code: 'can-not-sign' });
    });

    test.each([
      ['throws', () => Promise.reject(new Error('no key'))],
      ['gives nothing', () => Promise.resolve('')],
    ])('because the signer %s stores nothing until it can', async (title) => {
      let works = true;
      const failing = () => {
        if (title === 'throws') throw new Error('no key');
        return '';
      };
      const store = await open((size, root) => (works ? plainCheckpoint(size, root) : failing()));
      const leaves = await append(store, 3);
      works = false;
      const refused = { name: 'StoreError', code: 'can-not-sign' };
      await expect(append(store, 1)).rejects.toMatchObject(refused);
      const plain = store.write((tx) => tx.setRoster('d', 'text', NOW));
      await expect(plain).rejects.toMatchObject(refused);
      await expectLog(store, leaves);
      expect(await store.read((tx) => tx.rosterDigest())).toBeUndefined();
      works = true;
      leaves.push(...(await append(store, 2)));
      await expectLog(store, leaves);
    });
  });
}

async function append(store: Store, count: number): Promise<Uint8Array[]> {
  const leaves = Array.from({ length: count }, () => bytes(20));
  await store.write(async (tx) => {
    for (const leaf of leaves) await tx.appendLeaf(leaf);
  });
  return leaves;
}

async function appendNumbers(store: Store, first: number): Promise<void> {
  await store.write(async (tx) => {
    for (let second = 0; second < 3; second += 1) await tx.appendLeaf(new Uint8Array([first, second]));
  });
}

async function expectLog(store: Store, leaves: readonly Uint8Array[]): Promise<void> {
  await store.read(async (tx) => {
    expect(await allLeaves(tx)).toEqual(leaves);
    if (leaves.length > 0) expect(await tx.logHead()).toEqual(expectedHead(leaves));
    const nodes = expectedNodes(leaves);
    expect(await tx.logNodes(nodes)).toEqual(nodes.map((node) => node.hash));
    expect(await tx.logNodes(nodes.toReversed())).toEqual(nodes.map((node) => node.hash).toReversed());
  });
}
