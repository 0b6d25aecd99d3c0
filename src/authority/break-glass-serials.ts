/** The serials of an offline key: it counts, in a range that follows from the key, so that what was never recorded shows. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { PublicKey } from '../ssh/public-key.ts';
import { encodePublicKey } from '../ssh/public-key.ts';

/** From `first` on and below `end`. */
export interface SerialRange {
  readonly first: bigint;
  readonly end: bigint;
}

/** From `first` to `last`, both of them included. */
export interface SerialGap {
  readonly first: bigint;
  readonly last: bigint;
}

const COUNT_BITS = 20n;

/** 31 bits of the key and 20 to count with: all such ranges are below the serials that are random (`LEAST_RANDOM_SERIAL`). */
export function serialRange(key: PublicKey): SerialRange {
  const hash = sha256(encodePublicKey(key));
  const place = BigInt(new DataView(hash.buffer, hash.byteOffset).getUint32(0) >>> 1);
  return { first: (place << COUNT_BITS) + 1n, end: (place + 1n) << COUNT_BITS };
}

/**
 * What was used up before the highest recorded serial and is not recorded itself.
 * @param recorded serials of the range, in ascending order.
 */
export function gapsIn({ first }: SerialRange, recorded: readonly bigint[]): readonly SerialGap[] {
  return recorded.flatMap((serial, index) => {
    const next = (recorded[index - 1] ?? first - 1n) + 1n;
    return next < serial ? [{ first: next, last: serial - 1n }] : [];
  });
}
