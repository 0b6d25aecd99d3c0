import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../src/authority/ports.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { makeTestDirectory, plainCheckpoint } from '../support/store.ts';
import { bytes, NOW, sampleInvite, sampleIssue } from '../support/store-records.ts';
import { storeContract } from './contract.ts';

storeContract('SQLite', async () => {
  const directory = await makeTestDirectory();
  const path = join(directory.path, 'usher.db');
  const stores: Store[] = [];
  return {
    async open(signCheckpoint = plainCheckpoint) {
      const store = await openSqliteStore({ path, signCheckpoint });
      stores.push(store);
      return store;
    },
    async remove() {
      await Promise.all(stores.map((store) => store.close()));
      await directory.remove();
    },
  };
});

describe('an SQLite file', () => {
  let directory: Awaited<ReturnType<typeof makeTestDirectory>>;
  let path: string;
  beforeEach(async () => {
    directory = await makeTestDirectory();
    path = join(directory.path, 'usher.db');
  });
  afterEach(() => directory.remove());

  const open = () => openSqliteStore({ path, signCheckpoint: plainCheckpoint });
  const change = (sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };
  const storeLeaves = async (count: number) => {
    const store = await open();
    await store.write(async (tx) => {
      for (let index = 0; index < count; index += 1) await tx.appendLeaf(bytes(10));
    });
    await store.close();
  };

  test('in a directory that is not there is refused', async () => {
    path = join(directory.path, 'nowhere', 'usher.db');
    await expect(open()).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
  });

  test('that is something else is refused', async () => {
    await writeFile(path, 'This is no database, but a text of some length.'.repeat(100));
    await expect(open()).rejects.toMatchObject({ name: 'StoreError', code: 'unavailable' });
  });

  test('that a newer version has migrated is refused, and left alone', async () => {
    await storeLeaves(1);
    change(`insert into kysely_migration (name, timestamp) values ('9999-later', '2030-01-01T00:00:00Z')`);
    await expect(open()).rejects.toMatchObject({ name: 'StoreError', code: 'migration-failed' });
  });

  test.each([
    ['a hash of the frontier is another one', 'update log_node set hash = zeroblob(32) where position = 6'],
    ['a hash of the frontier is missing', 'delete from log_node where position = 6'],
    ['the head is of fewer leaves', 'update log_head set size = 4'],
    ['the head has another root', 'update log_head set root = zeroblob(32)'],
    ['there is no head', 'delete from log_head'],
  ])('in which %s is refused', async (_, sql) => {
    await storeLeaves(5);
    change(sql);
    await expect(open()).rejects.toMatchObject({ name: 'StoreError', code: 'corrupt' });
  });

  test('that has lost its checkpoint gets it again when it is opened', async () => {
    await storeLeaves(5);
    change(`update log_head set checkpoint = ''`);
    const store = await open();
    const head = await store.read((tx) => tx.logHead());
    expect(head.checkpoint).toMatch(/^checkpoint of 5 leaves/);
    await store.close();
  });

  test('that another process has locked is waited for, without keeping this one from its work', async () => {
    const store = await open();
    const other = new DatabaseSync(path);
    other.exec('begin immediate');
    const writing = store.write((tx) => tx.claimKey('k', { role: 'touch', person: 'alice' }));
    const unlocked = new Promise<void>((resolve) => setTimeout(resolve, 10)).then(() => other.exec('commit'));
    expect(await Promise.race([writing, unlocked])).toBeUndefined();
    expect(await writing).toEqual({ role: 'touch', person: 'alice' });
    other.close();
    await store.close();
  });

  test('does not grow by what is past its time', async () => {
    const store = await open();
    for (let now = NOW; now < NOW + 100; now += 1)
      await store.write(async (tx) => {
        await tx.rememberNonce(`n${now}`, now + 5, now);
        await tx.insertInvite(sampleInvite({ createdAt: now * 100_000, expiresAt: now * 100_000 + 5 }));
        const request = sampleIssue({ keepUntil: now + 5 });
        await tx.insertRequest(request, { total: 1000, perAddress: 1000 }, now);
      });
    await store.close();
    const database = new DatabaseSync(path);
    for (const [table, most] of [
      ['nonce', 7],
      ['request', 7],
      ['invite', 28],
    ] as const)
      expect(database.prepare(`select count(*) > ${most} as more from ${table}`).get()).toEqual({ more: 0 });
    database.close();
  });

  test('that others could read is for its owner only from then on', async () => {
    await storeLeaves(1);
    await chmod(path, 0o666);
    await storeLeaves(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('is for its owner only, and so are its companions', async () => {
    const before = process.umask(0);
    const store = await open();
    process.umask(before);
    for (const file of [path, `${path}-wal`, `${path}-shm`])
      expect([file, (await stat(file)).mode & 0o777]).toEqual([file, 0o600]);
    await store.close();
  });

  test('has strict tables only, a write-ahead log and foreign keys that hold', async () => {
    await storeLeaves(1);
    const database = new DatabaseSync(path);
    const loose = database.prepare(
      `select name from pragma_table_list where schema = 'main' and strict = 0 and name not like 'sqlite_%' and name not like 'kysely_%'`,
    );
    expect(loose.all()).toEqual([]);
    expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(() => database.exec(`insert into log_leaf values (9, 9, x'00')`)).toThrow(/FOREIGN KEY/);
    database.close();
  });
});
