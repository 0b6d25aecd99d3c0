import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SshError } from '../../src/ssh/error.ts';
import { WireReader, WireWriter } from '../../src/ssh/wire.ts';

function reader(...bytes: readonly number[]): WireReader {
  return new WireReader(Uint8Array.from(bytes));
}

describe('a reader refuses', () => {
  it.each<[string, () => unknown, string]>([
    ['a byte where none is', () => reader().byte(), 'truncated'],
    ['a uint32 of three bytes', () => reader(0, 0, 1).uint32(), 'truncated'],
    ['a uint64 of seven bytes', () => reader(0, 0, 0, 0, 0, 0, 1).uint64(), 'truncated'],
    ['a string longer than what is left', () => reader(0, 0, 0, 2, 1).string(), 'truncated'],
    ['a string of 4 GiB', () => reader(255, 255, 255, 255, 1).string(), 'truncated'],
    ['a boolean of 2', () => reader(2).bool(), 'not-canonical'],
    ['a text that is not UTF-8', () => reader(0, 0, 0, 1, 0xff).text(), 'bad-utf8'],
    ['a text in an overlong encoding', () => reader(0, 0, 0, 2, 0xc0, 0x80).text(), 'bad-utf8'],
    ['a negative mpint', () => reader(0, 0, 0, 1, 0x80).mpint(), 'not-canonical'],
    ['an mpint of zero with a byte', () => reader(0, 0, 0, 1, 0).mpint(), 'not-canonical'],
    ['an mpint with a needless zero', () => reader(0, 0, 0, 2, 0, 0x7f).mpint(), 'not-canonical'],
    ['bytes behind the end', () => reader(1).end('the thing'), 'trailing-bytes'],
  ])('%s', (_, read, code) => {
    expect(read).toThrow(expect.objectContaining({ name: 'SshError', code }));
  });

  it('negative lengths of raw reads never happen: a length comes from a uint32', () => {
    expect(() => reader(0x80, 0, 0, 0, 1).string()).toThrow(SshError);
  });
});

describe('a reader', () => {
  it('copies what it returns, also from a Buffer', () => {
    const input = Buffer.from([0, 0, 0, 1, 7]);
    const whole = new WireReader(input);
    const value = whole.string();
    const consumed = whole.consumed();
    input.fill(9);
    expect([value, consumed]).toEqual([Uint8Array.of(7), Uint8Array.of(0, 0, 0, 1, 7)]);
  });

  it('reads the mpints of RFC 4251, section 5', () => {
    expect(reader(0, 0, 0, 0).mpint()).toEqual(new Uint8Array());
    expect(reader(0, 0, 0, 8, 0x09, 0xa3, 0x78, 0xf9, 0xb2, 0xe3, 0x32, 0xa7).mpint()).toHaveLength(8);
    expect(reader(0, 0, 0, 2, 0x00, 0x80).mpint()).toEqual(Uint8Array.of(0x80));
  });

  it('keeps a byte order mark', () => {
    expect(reader(0, 0, 0, 3, 0xef, 0xbb, 0xbf).text()).toBe('\ufeff');
  });
});

describe('a writer refuses', () => {
  it.each<[string, (writer: WireWriter) => unknown]>([
    ['a byte of 256', (writer) => writer.byte(256)],
    ['a uint32 of 2^32', (writer) => writer.uint32(2 ** 32)],
    ['a uint32 of -1', (writer) => writer.uint32(-1)],
    ['a uint32 of a half', (writer) => writer.uint32(0.5)],
    ['a uint64 of 2^64', (writer) => writer.uint64(2n ** 64n)],
    ['a uint64 of -1', (writer) => writer.uint64(-1n)],
  ])('%s, instead of writing another number', (_, write) => {
    expect(() => write(new WireWriter())).toThrow(TypeError);
  });
});

describe('what is written', () => {
  it('is read as the same values', () => {
    const values = fc.tuple(
      fc.nat(255),
      fc.boolean(),
      fc.nat(0xffff_ffff),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.uint8Array(),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(values, ([byte, bool, uint32, uint64, bytes, text]) => {
        const written = new WireWriter()
          .byte(byte)
          .bool(bool)
          .uint32(uint32)
          .uint64(uint64)
          .string(bytes)
          .string(text);
        const input = new WireReader(written.bytes());
        const read = [
          input.byte(),
          input.bool(),
          input.uint32(),
          input.uint64(),
          input.string(),
          input.text(),
        ];
        input.end('the values');
        expect(read).toEqual([byte, bool, uint32, uint64, bytes, text]);
      }),
    );
  });

  it('of an mpint is its one encoding, whatever zeros stood in front', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(3), (digits, zeros) => {
        const padded = Uint8Array.of(...Array<number>(zeros).fill(0), ...digits);
        const written = new WireWriter().mpint(padded).bytes();
        const magnitude = new WireReader(written).mpint();
        expect(new WireWriter().mpint(magnitude).bytes()).toEqual(written);
        expect(BigInt(`0x0${hexOf(magnitude)}`)).toBe(BigInt(`0x0${hexOf(digits)}`));
      }),
    );
  });
});

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
