/**
 * The data types of RFC 4251, section 5, read strictly: every length is checked before it is used, integers and strings
 * have one encoding only, and a reader that is not at its end says so.
 */
import { SshError } from './error.ts';

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF, so that what was decoded encodes to the same bytes.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    // A Buffer's slice would share its memory and stay a Buffer.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  bool(): boolean {
    const value = this.byte();
    if (value > 1) throw new SshError('not-canonical', `a boolean is 0 or 1, not ${value}`);
    return value === 1;
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  /** The next `length` bytes, copied: they stay as they are whatever happens to the input. */
  raw(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.slice(start, start + length);
  }

  string(): Uint8Array {
    return this.raw(this.uint32());
  }

  text(): string {
    try {
      return decoder.decode(this.string());
    } catch (cause) {
      if (cause instanceof SshError) throw cause;
      throw new SshError('bad-utf8', 'a text is not valid UTF-8', { cause });
    }
  }

  /** A non-negative mpint as its magnitude, big-endian, without leading zeros (empty for 0). */
  mpint(): Uint8Array {
    const bytes = this.string();
    const [first = 0, second = 0] = bytes;
    if (first >= 0x80) throw new SshError('not-canonical', 'an mpint is negative');
    if (bytes.length > 0 && first === 0 && second < 0x80)
      throw new SshError('not-canonical', 'an mpint has a needless leading zero');
    return first === 0 ? bytes.subarray(1) : bytes;
  }

  /** Everything read so far, copied. */
  consumed(): Uint8Array {
    return this.#bytes.slice(0, this.#offset);
  }

  rest(): Uint8Array {
    return this.raw(this.remaining);
  }

  end(what: string): void {
    if (this.remaining > 0)
      throw new SshError('trailing-bytes', `${what} has ${this.remaining} bytes too many`);
  }

  #advance(length: number): number {
    if (length > this.remaining)
      throw new SshError('truncated', `${length} bytes are announced, ${this.remaining} are there`);
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}

export class WireWriter {
  readonly #parts: Uint8Array[] = [];

  byte(value: number): this {
    assertRange(value, 0xff);
    return this.raw(Uint8Array.of(value));
  }

  bool(value: boolean): this {
    return this.byte(value ? 1 : 0);
  }

  uint32(value: number): this {
    assertRange(value, 0xffff_ffff);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return this.raw(bytes);
  }

  uint64(value: bigint): this {
    // DataView would wrap silently: 2^64 + 1 would become the serial 1.
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new TypeError(`${value} is not a uint64`);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value);
    return this.raw(bytes);
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  string(value: Uint8Array | string): this {
    const bytes = typeof value === 'string' ? encoder.encode(value) : value;
    return this.uint32(bytes.length).raw(bytes);
  }

  /** A non-negative integer given as big-endian magnitude, with or without leading zeros. */
  mpint(magnitude: Uint8Array): this {
    const start = magnitude.findIndex((byte) => byte !== 0);
    if (start < 0) return this.uint32(0);
    const digits = magnitude.subarray(start);
    const needsSign = (digits[0] ?? 0) >= 0x80;
    return this.string(needsSign ? Uint8Array.of(0, ...digits) : digits);
  }

  bytes(): Uint8Array {
    const whole = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }
}

function assertRange(value: number, most: number): void {
  if (!Number.isInteger(value) || value < 0 || value > most)
    throw new TypeError(`${value} is not a whole number from 0 to ${most}`);
}
