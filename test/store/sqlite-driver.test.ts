import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqliteDriverDatabase } from '../../src/store/sqlite-driver.ts';

let database: DatabaseSync;
let driver: SqliteDriverDatabase;
beforeEach(() => {
  database = new DatabaseSync(':memory:', { readBigInts: true });
  database.exec('create table t (a integer, b blob, c text) strict; begin');
  driver = new SqliteDriverDatabase(database);
});
afterEach(() => driver.close());

test('nothing runs outside a transaction, neither reading nor writing', () => {
  database.exec('commit');
  expect(() => driver.prepare('select 1').all([])).toThrow(TypeError);
  expect(() => driver.prepare('delete from t').run([])).toThrow(TypeError);
});

test.each([[1.5], [Number.NaN], [2 ** 53], [undefined], [true], [new Date()], [{}], [[1]]])(
  '%o is not bound to a parameter',
  (value) => {
    expect(() => driver.prepare('select ?').all([value])).toThrow(TypeError);
  },
);

test('integers, bytes, text and nothing come back as they were', () => {
  const write = driver.prepare('insert into t values (?, ?, ?)');
  expect(write.run([2n ** 63n - 1n, new Uint8Array([1, 2]), "'; --"])).toMatchObject({ changes: 1n });
  write.run([-5, null, null]);
  expect(driver.prepare('select * from t').all([])).toEqual([
    { a: 2n ** 63n - 1n, b: new Uint8Array([1, 2]), c: "'; --" },
    { a: -5n, b: null, c: null },
  ]);
});

test('a whole number is bound as an integer', () => {
  expect(driver.prepare('select typeof(?) as type').all([5])).toEqual([{ type: 'integer' }]);
});

test('a statement that returns rows is a reader, also when it writes', () => {
  expect(driver.prepare('select 1').reader).toBe(true);
  expect(driver.prepare('delete from t returning a').reader).toBe(true);
  expect(driver.prepare('delete from t').reader).toBe(false);
});

test('statements are prepared once, and the one unused for longest is dropped', () => {
  const first = driver.prepare('select 1');
  const second = driver.prepare('select 2');
  for (let number = 3; number <= 256; number += 1) driver.prepare(`select ${number}`);
  expect(driver.prepare('select 1')).toBe(first);
  driver.prepare('select 257');
  expect(driver.prepare('select 1')).toBe(first);
  expect(driver.prepare('select 2')).not.toBe(second);
});
