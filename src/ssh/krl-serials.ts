/**
 * Which sections of a KRL hold a set of serials in the fewest bytes. PROTOCOL.krl offers lists (8 bytes a serial), ranges
 * (21 bytes each) and bitmaps (18 bytes, and a bit for each serial from the first to the last). ssh-keygen chooses from
 * one run to the next; this looks at all ways that keep runs whole and takes the smallest, in time linear in their number.
 */
import { MAX_BITMAP_BITS } from './krl-format.ts';
import type { SerialSet } from './serial-set.ts';

/** The runs `from` to `to` (not included) of the set, in one section; a range has exactly one. */
export interface SerialSection {
  readonly kind: 'list' | 'range' | 'bitmap';
  readonly from: number;
  readonly to: number;
}

/** Type and length of a section. */
const HEADER_BYTES = 5;
const LIST_BYTES_EACH = 8;
const RANGE_BYTES = HEADER_BYTES + 16;
/** The offset, the length of the mpint, and its byte that is there in any case: n bits are n / 8 + 1 bytes, rounded down. */
const BITMAP_BYTES = HEADER_BYTES + 8 + 4 + 1;
/** A run of more serials than this is never cheapest in a list. */
const LONG_LIST = 16n;
const BEYOND_BITMAP = BigInt(MAX_BITMAP_BITS + 1);

/** What the choice depends on. Places and lengths are exact as far as a bitmap reaches, and cut off beyond. */
interface Layout {
  /** Where each run begins, in serials after the first one. */
  readonly start: Float64Array;
  readonly bits: Float64Array;
  readonly listed: Float64Array;
}

/** For the first n runs: the fewest bytes, and the section that then comes last. */
interface Best {
  readonly bytes: Float64Array;
  readonly from: Uint32Array;
  readonly kind: Uint8Array;
}

const KINDS = ['list', 'range', 'bitmap'] as const;
const [LIST, RANGE, BITMAP] = [0, 1, 2];

export function planSerialSections(serials: SerialSet): readonly SerialSection[] {
  const best = findBest(layOut(serials));
  const sections: SerialSection[] = [];
  for (let to = serials.runs; to > 0; to = at(best.from, to))
    sections.push({ kind: KINDS[at(best.kind, to)] ?? 'list', from: at(best.from, to), to });
  return sections.reverse();
}

function layOut(serials: SerialSet): Layout {
  const start = new Float64Array(serials.runs);
  const bits = new Float64Array(serials.runs);
  const listed = new Float64Array(serials.runs);
  let [index, place, end] = [0, 0, 0n];
  for (const { first, last } of serials) {
    const length = last - first + 1n;
    place += atMost(first - end, BEYOND_BITMAP);
    start[index] = place;
    bits[index] = atMost(length, BEYOND_BITMAP);
    listed[index] = atMost(length, LONG_LIST);
    place += at(bits, index);
    end = last + 1n;
    index += 1;
  }
  return { start, bits, listed };
}

/** Each run ends a list, is a range, or ends a bitmap; what stands before that section is the best for fewer runs. */
function findBest({ start, bits, listed }: Layout): Best {
  const runs = start.length;
  const best = {
    bytes: new Float64Array(runs + 1),
    from: new Uint32Array(runs + 1),
    kind: new Uint8Array(runs + 1),
  };
  const bitmapStarts = new BitmapStarts(start);
  let list = { from: 0, bytes: Number.POSITIVE_INFINITY };
  for (let run = 0; run < runs; run++) {
    const before = at(best.bytes, run);
    if (before + HEADER_BYTES < list.bytes) list = { from: run, bytes: before + HEADER_BYTES };
    list.bytes += LIST_BYTES_EACH * at(listed, run);
    settle(best, run + 1, LIST, list);
    if (before + RANGE_BYTES < at(best.bytes, run + 1))
      settle(best, run + 1, RANGE, { from: run, bytes: before + RANGE_BYTES });
    bitmapStarts.add(run, before);
    const bitmap = bitmapStarts.cheapest(at(start, run) + at(bits, run));
    if (bitmap.bytes < at(best.bytes, run + 1)) settle(best, run + 1, BITMAP, bitmap);
  }
  return best;
}

interface Candidate {
  readonly from: number;
  readonly bytes: number;
}

function settle(best: Best, runs: number, kind: number, { from, bytes }: Candidate): void {
  best.bytes[runs] = bytes;
  best.from[runs] = from;
  best.kind[runs] = kind;
}

/**
 * The runs with which a bitmap may begin, those near enough to its end. From wherever one begins, a later end costs the
 * same more; so an earlier beginning that is no better than a later one never will be, and is forgotten.
 */
class BitmapStarts {
  readonly #start: Float64Array;
  /** What stands before the run, in bits, less the run's place: the smallest makes the smallest bitmap. */
  readonly #cost: Float64Array;
  readonly #before: Float64Array;
  readonly #queue: Uint32Array;
  #head = 0;
  #tail = 0;

  constructor(start: Float64Array) {
    this.#start = start;
    this.#cost = new Float64Array(start.length);
    this.#before = new Float64Array(start.length);
    this.#queue = new Uint32Array(start.length);
  }

  add(run: number, bytesBefore: number): void {
    const cost = 8 * bytesBefore - at(this.#start, run);
    while (this.#tail > this.#head && at(this.#cost, at(this.#queue, this.#tail - 1)) >= cost)
      this.#tail -= 1;
    this.#cost[run] = cost;
    this.#before[run] = bytesBefore;
    this.#queue[this.#tail] = run;
    this.#tail += 1;
  }

  /** The best bitmap that ends at this place; without end where even the last run alone is too long. */
  cheapest(end: number): Candidate {
    while (this.#head < this.#tail && end - at(this.#start, at(this.#queue, this.#head)) > MAX_BITMAP_BITS)
      this.#head += 1;
    if (this.#head === this.#tail) return { from: 0, bytes: Number.POSITIVE_INFINITY };
    const from = at(this.#queue, this.#head);
    const bits = end - at(this.#start, from);
    return { from, bytes: at(this.#before, from) + BITMAP_BYTES + Math.floor(bits / 8) };
  }
}

function atMost(value: bigint, most: bigint): number {
  return Number(value < most ? value : most);
}

function at(array: Float64Array | Uint32Array | Uint8Array, index: number): number {
  return array[index] ?? 0;
}
