import { hex } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CborValue } from '../../src/fido/cbor.ts';
import { decodeCbor, decodeFirstCbor, encodeCbor } from '../../src/fido/cbor.ts';
import { codeOf } from '../support/code-of.ts';

const decodeHex = (text: string) => codeOf(() => decodeCbor(hex.decode(text)));

describe('CBOR of another form is refused', () => {
  test.each([
    ['nothing', ''],
    ['a number in two bytes that fits one', '1817'],
    ['a number in three bytes that fits two', '1900ff'],
    ['a number in five bytes that fits three', '1a0000ffff'],
    ['a 64-bit number', '1b0000000100000000'],
    ['reserved length 28', '1c'],
    ['an indefinite byte string', '5f4100ff'],
    ['an indefinite array', '9fff'],
    ['an indefinite map', 'bfff'],
    ['a tag', 'c000'],
    ['null', 'f6'],
    ['undefined', 'f7'],
    ['false in two bytes', 'f814'],
    ['a float', 'f90000'],
    ['a byte string cut short', '420a'],
    ['a text that is not UTF-8', '61ff'],
    ['an array of 2^32-1 items', '9affffffff'],
    ['a map of 2^32-1 pairs', 'baffffffff'],
    ['a map with a key twice', 'a201000101'],
    ['a map with bytes as key', 'a1410000'],
    ['a byte too many', '0000'],
    ['five levels', '818181818100'],
  ])('%s', (_, text) => {
    expect(decodeHex(text)).toBe('malformed');
  });

  test('a tower of 16,000 arrays', () => {
    expect(codeOf(() => decodeCbor(new Uint8Array(16_000).fill(0x81)))).toBe('malformed');
  });
});

describe('CBOR', () => {
  /** RFC 8949, appendix A. */
  test.each<[string, CborValue]>([
    ['00', 0],
    ['17', 23],
    ['f4', false],
    ['f5', true],
    ['1818', 24],
    ['190100', 256],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['20', -1],
    ['3863', -100],
    ['3903e7', -1000],
    ['4401020304', Uint8Array.of(1, 2, 3, 4)],
    ['6449455446', 'IETF'],
    ['62c3bc', 'ü'],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    [
      'a201020304',
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    [
      'a26161016162820203',
      new Map<string, CborValue>([
        ['a', 1],
        ['b', [2, 3]],
      ]),
    ],
  ])('%s reads and writes as in the RFC', (text, value) => {
    expect(decodeCbor(hex.decode(text))).toEqual(value);
    expect(hex.encode(encodeCbor(value))).toBe(text);
  });

  test('what encodes decodes to the same value', () => {
    const leaf = fc.oneof(
      fc.integer({ min: -0x1_0000_0000, max: 0xffff_ffff }),
      fc.boolean(),
      fc.string(),
      fc.uint8Array({ maxLength: 300 }),
    );
    const value = fc.oneof(
      leaf,
      fc.array(leaf),
      fc.array(fc.tuple(fc.string(), leaf)).map((pairs) => new Map(pairs)),
    );
    fc.assert(
      fc.property(value, (item: CborValue) => {
        expect(decodeCbor(encodeCbor(item))).toEqual(item);
      }),
    );
  });

  test('what decodes encodes to the same bytes, and everything else is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        const code = codeOf(() => expect(encodeCbor(decodeCbor(bytes))).toEqual(bytes));
        expect(['malformed', undefined]).toContain(typeof code === 'object' ? undefined : code);
      }),
      { numRuns: 2000 },
    );
  });

  test('the first of several items leaves the rest', () => {
    expect(decodeFirstCbor(Uint8Array.of(0x01, 0x02, 0x03))).toEqual({ value: 1, rest: Uint8Array.of(2, 3) });
  });
});
