/**
 * How one field of a leaf stands on the wire, and what it may hold. A field checks the same rule when it is written and
 * when it is read, so that nothing can be logged that could not be read again. This file runs in browsers too.
 */
import { SshError } from '../ssh/error.ts';
import { WireReader, WireWriter } from '../ssh/wire.ts';
import { LogError } from './error.ts';

export interface Field<T> {
  readonly read: (reader: WireReader) => T;
  readonly write: (writer: WireWriter, value: T) => void;
  /** The most bytes it can take, its length word included. */
  readonly maxBytes: number;
}

/** Fields in the order of the wire. */
export type Fields<T> = { readonly [K in keyof T]: Field<T[K]> };

const LENGTH_BYTES = 4;
/** The last second of the year 9999: later times are milliseconds by mistake. */
const MAX_TIME = 253_402_300_799;
const MAX_SERIAL = 0xffff_ffff_ffff_ffffn;

/** `string`: text of a grammar, which bounds its characters to ASCII, and a length. */
export function text(what: string, grammar: RegExp, maxLength: number): Field<string> {
  const check = (value: string) => {
    if (value.length > maxLength || !grammar.test(value)) throw badLeaf(`"${what}" has a wrong form`);
    return value;
  };
  return {
    read: (reader) => check(reader.text()),
    write: (writer, value) => writer.string(check(value)),
    maxBytes: LENGTH_BYTES + maxLength,
  };
}

/** `string`: one of a few words. */
export function word<W extends string>(what: string, words: readonly W[]): Field<W> {
  const check = (value: string): W => {
    const known = words.find((candidate) => candidate === value);
    if (known === undefined) throw badLeaf(`"${what}" is none of ${words.join(', ')}`);
    return known;
  };
  return {
    read: (reader) => check(reader.text()),
    write: (writer, value) => writer.string(check(value)),
    maxBytes: LENGTH_BYTES + Math.max(...words.map((candidate) => candidate.length)),
  };
}

/** `string`: bytes of a length between two bounds. */
export function bytes(what: string, least: number, most: number): Field<Uint8Array> {
  const check = (value: Uint8Array) => {
    if (value.length < least || value.length > most)
      throw badLeaf(`"${what}" has ${least} to ${most} bytes, not ${value.length}`);
    return value;
  };
  return {
    read: (reader) => check(reader.string()),
    write: (writer, value) => writer.string(check(value)),
    maxBytes: LENGTH_BYTES + most,
  };
}

/** `uint64`: Unix time in whole seconds. */
export function time(what: string): Field<number> {
  const check = (value: number) => {
    if (!Number.isSafeInteger(value) || value < 0 || value > MAX_TIME)
      throw badLeaf(`"${what}" is not a time in whole seconds`);
    return value;
  };
  return {
    read: (reader) => check(Number(reader.uint64())),
    write: (writer, value) => writer.uint64(BigInt(check(value))),
    maxBytes: 8,
  };
}

/** `uint64`: serial of a certificate. */
export function serial(what: string): Field<bigint> {
  const check = (value: bigint) => {
    if (value < 1n || value > MAX_SERIAL) throw badLeaf(`"${what}" is not a number from 1 to 2^64 - 1`);
    return value;
  };
  return {
    read: (reader) => check(reader.uint64()),
    write: (writer, value) => writer.uint64(check(value)),
    maxBytes: 8,
  };
}

/** `uint32` below a bound. */
export function count(what: string, below: number): Field<number> {
  const check = (value: number) => {
    if (!Number.isSafeInteger(value) || value < 0 || value >= below)
      throw badLeaf(`"${what}" is not a number below ${below}`);
    return value;
  };
  return {
    read: (reader) => check(reader.uint32()),
    write: (writer, value) => writer.uint32(check(value)),
    maxBytes: 4,
  };
}

/** `string` that wraps a sequence of items, each written as `item` says. */
export function list<T>(what: string, item: Field<T>, least: number, most: number): Field<readonly T[]> {
  const check = (items: readonly T[]) => {
    if (items.length < least || items.length > most)
      throw badLeaf(`"${what}" has ${least} to ${most} entries, not ${items.length}`);
    return items;
  };
  return {
    read: (reader) => check(readItems(new WireReader(reader.string()), item, most)),
    write: (writer, items) => {
      const inner = new WireWriter();
      for (const value of check(items)) item.write(inner, value);
      writer.string(inner.bytes());
    },
    maxBytes: LENGTH_BYTES + most * item.maxBytes,
  };
}

/** `string` that wraps a record. */
export function wrapped<T extends object>(what: string, fields: Fields<T>): Field<T> {
  return {
    read: (reader) => {
      const inner = new WireReader(reader.string());
      const value = readFields(inner, fields);
      inner.end(what);
      return value;
    },
    write: (writer, value) => {
      const inner = new WireWriter();
      writeFields(inner, fields, value);
      writer.string(inner.bytes());
    },
    maxBytes: LENGTH_BYTES + maxBytesOf(fields),
  };
}

export function readFields<T extends object>(reader: WireReader, fields: Fields<T>): T {
  const entries = namesOf(fields).map((name) => [name, fields[name].read(reader)]);
  // The entries are exactly the fields of T, each read by the field of its own name; TypeScript can not follow that.
  return Object.fromEntries(entries) as T;
}

export function writeFields<T extends object>(writer: WireWriter, fields: Fields<T>, value: T): void {
  for (const name of namesOf(fields)) fields[name].write(writer, value[name]);
}

export function maxBytesOf<T extends object>(fields: Fields<T>): number {
  return namesOf(fields).reduce((sum, name) => sum + fields[name].maxBytes, 0);
}

/** Runs a decoder; whatever is wrong with the bytes becomes one kind of error. */
export function decoding<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof SshError) throw new LogError('bad-leaf', cause.message, { cause });
    throw cause;
  }
}

export function badLeaf(reason: string): LogError {
  return new LogError('bad-leaf', reason);
}

function readItems<T>(reader: WireReader, item: Field<T>, most: number): readonly T[] {
  const items: T[] = [];
  // One beyond the bound is enough to refuse the list.
  while (reader.remaining > 0 && items.length <= most) items.push(item.read(reader));
  return items;
}

function namesOf<T extends object>(fields: Fields<T>): readonly (keyof T & string)[] {
  // Object.keys gives the string keys in the order in which they were written down: that order is the wire's.
  return Object.keys(fields) as (keyof T & string)[];
}
