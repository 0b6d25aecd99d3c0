/**
 * The part of CBOR (RFC 8949) that CTAP2's canonical form uses for keys and attestations: integers up to 2^32-1,
 * booleans, byte and text strings, arrays and maps, shortest lengths only, at most four levels deep. What decodes encodes to the same
 * bytes. Runs in browsers too.
 */
import { FidoError } from './error.ts';

export type CborValue = boolean | number | string | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<number | string, CborValue>;

const MAX_DEPTH = 4;
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const FALSE = 0xf4;
const TRUE = 0xf5;

export function encodeCbor(value: CborValue): Uint8Array {
  return Uint8Array.from(encodeItem(value));
}

/** @throws FidoError('malformed') for anything but exactly one item of the supported kinds. */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const { value, rest } = decodeFirstCbor(bytes);
  if (rest.length > 0) throw malformed(`${rest.length} bytes follow the CBOR item`);
  return value;
}

/** The first item and what follows it: authenticator data puts a key before its extensions. */
export function decodeFirstCbor(bytes: Uint8Array): { readonly value: CborValue; readonly rest: Uint8Array } {
  const reader = new CborReader(bytes);
  const value = reader.item(0);
  return { value, rest: reader.rest() };
}

function encodeItem(value: CborValue): readonly number[] {
  if (typeof value === 'boolean') return [value ? TRUE : FALSE];
  if (typeof value === 'number') return value < 0 ? head(NEGATIVE, -1 - value) : head(UNSIGNED, value);
  if (value instanceof Uint8Array) return [...head(BYTES, value.length), ...value];
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return [...head(TEXT, bytes.length), ...bytes];
  }
  if (isMap(value))
    return [...head(MAP, value.size), ...[...value].flatMap((pair) => pair.flatMap(encodeItem))];
  return [...head(ARRAY, value.length), ...value.flatMap(encodeItem)];
}

function isMap(value: readonly CborValue[] | CborMap): value is CborMap {
  return value instanceof Map;
}

function head(major: number, argument: number): readonly number[] {
  if (!Number.isInteger(argument) || argument < 0 || argument > 0xffff_ffff)
    throw new TypeError('a CBOR argument is a whole number below 2^32');
  const type = major << 5;
  if (argument < 24) return [type | argument];
  if (argument < 0x100) return [type | 24, argument];
  if (argument < 0x1_0000) return [type | 25, argument >>> 8, argument & 0xff];
  return [type | 26, argument >>> 24, (argument >>> 16) & 0xff, (argument >>> 8) & 0xff, argument & 0xff];
}

class CborReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  rest(): Uint8Array {
    return this.#bytes.slice(this.#offset);
  }

  item(depth: number): CborValue {
    if (depth > MAX_DEPTH) throw malformed('CBOR is nested too deeply');
    const first = this.#take(1)[0] ?? 0;
    if (first === FALSE || first === TRUE) return first === TRUE;
    const argument = this.#argument(first & 0x1f);
    switch (first >> 5) {
      case UNSIGNED:
        return argument;
      case NEGATIVE:
        return -1 - argument;
      case BYTES:
        return this.#take(argument).slice();
      case TEXT:
        return this.#text(argument);
      case ARRAY:
        return this.#array(argument, depth + 1);
      case MAP:
        return this.#map(argument, depth + 1);
      default:
        throw malformed('CBOR tags, floats and other simple values are not accepted');
    }
  }

  #argument(info: number): number {
    if (info < 24) return info;
    const size = { 24: 1, 25: 2, 26: 4 }[info];
    if (size === undefined) throw malformed('a CBOR length is indefinite or above 2^32');
    const value = this.#take(size).reduce((sum, byte) => sum * 256 + byte, 0);
    const least = size === 1 ? 24 : 2 ** (size * 4);
    if (value < least) throw malformed('a CBOR length is not in its shortest form');
    return value;
  }

  #text(length: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#take(length));
    } catch (cause) {
      throw new FidoError('malformed', 'a CBOR text is not UTF-8', { cause });
    }
  }

  #array(length: number, depth: number): CborValue {
    const items: CborValue[] = [];
    // Pushed one by one: a list of the announced length would be allocated before it is there.
    for (let index = 0; index < length; index += 1) items.push(this.item(depth));
    return items;
  }

  #map(size: number, depth: number): CborMap {
    const map = new Map<number | string, CborValue>();
    for (let index = 0; index < size; index += 1) {
      const key = this.item(depth);
      if (typeof key !== 'number' && typeof key !== 'string')
        throw malformed('a CBOR key is a number or text');
      if (map.has(key)) throw malformed('a CBOR map has a key twice');
      map.set(key, this.item(depth));
    }
    return map;
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#offset) throw malformed('CBOR ends too early');
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }
}

function malformed(message: string): FidoError {
  return new FidoError('malformed', message);
}
