import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRecordJson, writeRecordJson } from '../../src/store/record-json.ts';

test.each([
  ['a key that could be taken for a tag', { $bytes: 'AAAA' }],
  ['such a key deep inside', [{ a: { $integer: '1' } }]],
  ['a map', { a: new Map([[1, 2]]) }],
  ['a set', { a: new Set([1]) }],
  ['a date', { a: new Date(0) }],
])('%s is not written', (_, value) => {
  expect(() => writeRecordJson(value)).toThrow(TypeError);
});

test('reading inverts writing', () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt(),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
  );
  const key = fc.string().filter((name) => !name.startsWith('$') && name !== '__proto__');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(value, (record) => {
      expect(readRecordJson(writeRecordJson(record))).toEqual(record);
    }),
  );
});

test('bytes are written where they are, not the whole buffer that they are in', () => {
  const inside = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  expect(readRecordJson(writeRecordJson(inside))).toEqual(new Uint8Array([2, 3]));
});
