import type { NewLeaf } from './log-sealer.ts';

/** The format of leaves (src/log/leaf.ts) gives their length 16 bits. */
const MAX_LEAF_BYTES = 65_535;

/** The leaves of one transaction, and the law that a certificate and its leaf come together. */
export class LeafBasket {
  readonly #leaves: NewLeaf[] = [];
  readonly #withoutLeaf = new Set<bigint>();

  expect(serial: bigint): void {
    this.#withoutLeaf.add(serial);
  }

  add(leaf: Uint8Array, serial: bigint | undefined): void {
    if (leaf.length > MAX_LEAF_BYTES) throw new TypeError(`a leaf has at most ${MAX_LEAF_BYTES} bytes`);
    this.#leaves.push({ leaf: leaf.slice(), serial });
  }

  /** @throws TypeError when a certificate of this transaction has no leaf, or a leaf no such certificate. */
  take(): readonly NewLeaf[] {
    for (const { serial } of this.#leaves)
      if (serial !== undefined && !this.#withoutLeaf.delete(serial))
        throw new TypeError('a leaf names a serial that this transaction did not insert, or names it twice');
    if (this.#withoutLeaf.size > 0) throw new TypeError('a certificate can not be stored without its leaf');
    return this.#leaves;
  }
}
