/**
 * A set of certificate serials, kept as runs: a million of random ones fits in 16 MB, and so does any number of
 * consecutive ones. A serial is a uint64 and never 0, which to OpenSSH means that a certificate has none.
 */
import { SshError } from './error.ts';

/** Consecutive serials, both ends included. */
export interface SerialRun {
  readonly first: bigint;
  readonly last: bigint;
}

const MAX_SERIAL = 0xffff_ffff_ffff_ffffn;
/** A bitmap of every second serial grows by a factor of 64 when it is read; this bounds what a small file may become. */
export const MAX_RUNS = 4_194_304;

export class SerialSet implements Iterable<SerialRun> {
  readonly #first: BigUint64Array;
  readonly #last: BigUint64Array;

  /** Made by `of`, `ofRuns` or a `SerialSetBuilder`, which keep the runs ascending and apart from each other. */
  constructor(first: BigUint64Array, last: BigUint64Array) {
    this.#first = first;
    this.#last = last;
  }

  /** @param serials in any order, also several times. */
  static of(serials: Iterable<bigint>): SerialSet {
    const sorted = BigUint64Array.from(checked(serials)).sort();
    const builder = new SerialSetBuilder();
    let previous = 0n;
    for (const serial of sorted) {
      if (serial !== previous) builder.add(serial, serial);
      previous = serial;
    }
    return builder.build();
  }

  /** @param runs in any order; they may overlap. */
  static ofRuns(runs: Iterable<SerialRun>): SerialSet {
    const sorted = [...runs].sort((a, b) => (a.first < b.first ? -1 : 1));
    const builder = new SerialSetBuilder();
    let end = 0n;
    for (const { first, last } of sorted) {
      assertRun(first, last);
      if (last <= end) continue;
      builder.add(first > end ? first : end + 1n, last);
      end = last;
    }
    return builder.build();
  }

  /** How many runs there are, not how many serials. */
  get runs(): number {
    return this.#first.length;
  }

  has(serial: bigint): boolean {
    let [low, high] = [0, this.runs];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#last[middle] ?? 0n) < serial) low = middle + 1;
      else high = middle;
    }
    const first = this.#first[low];
    return first !== undefined && first <= serial;
  }

  equals(other: SerialSet): boolean {
    return sameNumbers(this.#first, other.#first) && sameNumbers(this.#last, other.#last);
  }

  run(index: number): SerialRun {
    const [first, last] = [this.#first[index], this.#last[index]];
    if (first === undefined || last === undefined) throw new TypeError(`there is no run ${index}`);
    return { first, last };
  }

  /** In ascending order. */
  *[Symbol.iterator](): Generator<SerialRun> {
    for (let index = 0; index < this.runs; index++) yield this.run(index);
  }
}

/** Takes runs in ascending order, and joins those that touch. */
export class SerialSetBuilder {
  #first = new BigUint64Array(16);
  #last = new BigUint64Array(16);
  #runs = 0;
  #end = 0n;

  add(first: bigint, last: bigint): void {
    assertRun(first, last);
    if (first <= this.#end) throw new SshError('not-canonical', `serial ${first} stands behind ${this.#end}`);
    if (this.#runs > 0 && first === this.#end + 1n) this.#last[this.#runs - 1] = last;
    else this.#append(first, last);
    this.#end = last;
  }

  build(): SerialSet {
    return new SerialSet(this.#first.slice(0, this.#runs), this.#last.slice(0, this.#runs));
  }

  #append(first: bigint, last: bigint): void {
    if (this.#runs === MAX_RUNS)
      throw new SshError('too-long', `a set of serials has at most ${MAX_RUNS} runs`);
    if (this.#runs === this.#first.length) {
      this.#first = doubled(this.#first);
      this.#last = doubled(this.#last);
    }
    this.#first[this.#runs] = first;
    this.#last[this.#runs] = last;
    this.#runs += 1;
  }
}

/** A typed array would take the rest modulo 2^64 without a word, and another certificate would be revoked. */
function* checked(serials: Iterable<bigint>): Generator<bigint> {
  for (const serial of serials) {
    assertRun(serial, serial);
    yield serial;
  }
}

function assertRun(first: bigint, last: bigint): void {
  if (first < 1n || last > MAX_SERIAL)
    throw new SshError('bad-serial', 'a revoked serial is a number from 1 to 2^64 - 1');
  if (first > last) throw new SshError('bad-serial', `the range ${first} to ${last} ends before it begins`);
}

function sameNumbers(a: BigUint64Array, b: BigUint64Array): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function doubled(array: BigUint64Array): BigUint64Array<ArrayBuffer> {
  const larger = new BigUint64Array(2 * array.length);
  larger.set(array);
  return larger;
}
