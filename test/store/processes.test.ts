import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { expectedHead, makeTestDirectory, plainCheckpoint } from '../support/store.ts';
import { StoreChild, whatIsStored } from '../support/store-process.ts';

const TIME = 60_000;

describe('a process that stores certificates', () => {
  let directory: Awaited<ReturnType<typeof makeTestDirectory>>;
  let path: string;
  beforeEach(async () => {
    directory = await makeTestDirectory();
    path = join(directory.path, 'usher.db');
  });
  afterEach(() => directory.remove());

  /** Everything that anybody was told is stored is there, and whatever is there is whole. */
  const expectWhole = async (told: readonly bigint[]) => {
    const { leaves, head, serials, touched, serialsInLog, roles, faults } = await whatIsStored(path);
    expect(faults).toEqual([]);
    expect(head).toEqual(expectedHead(leaves));
    expect(serialsInLog).toEqual(serials);
    expect(touched).toEqual(serials);
    expect(leaves).toHaveLength(serials.length);
    expect(roles).toBe(BigInt(serials.length));
    expect(told.filter((serial) => !serials.includes(serial))).toEqual([]);
    return serials.length;
  };

  test('and is killed in the middle has lost nothing that it was told is stored', {
    timeout: TIME,
  }, async () => {
    const told: bigint[] = [];
    let first = 1n;
    for (const killAfter of [1, 40, 333]) {
      const child = new StoreChild({ path, count: 100_000, writers: 16, first });
      await child.follow(killAfter);
      expect(child.done).toBeUndefined();
      expect(child.stored.length).toBeGreaterThanOrEqual(killAfter);
      told.push(...child.stored);
      first += 1_000_000n;
      await expectWhole(told);
    }
  });

  test('writes one log with another that does the same', { timeout: TIME }, async () => {
    const children = [1n, 1_000_001n].map(
      (first) => new StoreChild({ path, count: 1000, writers: 8, first }),
    );
    await Promise.all(children.map((child) => child.follow()));
    expect(children.map((child) => child.done?.startsWith('0 none '))).toEqual([true, true]);
    expect(await expectWhole(children.flatMap((child) => child.stored))).toBe(2000);
  });

  test('without end lets another one write, too', { timeout: TIME }, async () => {
    const child = new StoreChild({ path, count: 100_000, writers: 64, first: 1n });
    const following = child.follow();
    await child.hasStored(100);
    const store = await openSqliteStore({ path, signCheckpoint: plainCheckpoint });
    for (let index = 0; index < 20; index += 1)
      expect(await store.write((tx) => tx.claimKey(`k${index}`, { role: 'ca' }))).toEqual({ role: 'ca' });
    await store.close();
    child.kill();
    await following;
    expect(child.done).toBeUndefined();
  });

  test('refuses all from when the disk is full, and nothing half written stays', {
    timeout: TIME,
  }, async () => {
    const child = new StoreChild({ path, count: 3000, writers: 16, first: 1n, mostKilobytes: 900 });
    await child.follow();
    const stored = child.stored.length;
    expect(stored).toBeGreaterThan(100);
    expect(child.done).toBe(`${3000 - stored} unavailable ${stored}`);
    expect(await expectWhole(child.stored)).toBe(stored);
    const later = new StoreChild({ path, count: 10, writers: 2, first: 1_000_000n });
    await later.follow();
    expect(await expectWhole(later.stored)).toBe(stored + 10);
  });
});
