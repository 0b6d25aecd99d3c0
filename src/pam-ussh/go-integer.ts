/** Integers on the wire as x/crypto reads them: with any number of needless bytes in front, and negative ones too, with which nothing ever verifies. */
import type { WireReader } from '../ssh/wire.ts';

/** RFC 4251's mpint, two's complement. */
export function readInteger(reader: WireReader): bigint {
  const bytes = reader.string();
  if (bytes.length === 0) return 0n;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
}

/** The shortest two's complement, without its length. */
export function encodeInteger(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array();
  // One bit more than the number has, for the sign.
  const size = Math.floor(bitLength(value < 0n ? -value - 1n : value) / 8) + 1;
  const hex = BigInt.asUintN(size * 8, value).toString(16);
  return Uint8Array.from(Buffer.from(hex.padStart(size * 2, '0'), 'hex'));
}

/** The bytes of a number that is not negative, without zeros in front. */
export function magnitude(value: bigint): Uint8Array {
  const hex = value === 0n ? '' : value.toString(16);
  return Uint8Array.from(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'));
}

/** Of the number without its sign. */
export function bitLength(value: bigint): number {
  const absolute = value < 0n ? -value : value;
  return absolute === 0n ? 0 : absolute.toString(2).length;
}
