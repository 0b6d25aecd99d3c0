/**
 * The revocation list of each purpose, as bytes that sshd reads. They follow from what the store says and nothing else, so every
 * replica gives out the same; a list that does not say what it should is not given out at all.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import type { Krl } from '../ssh/krl.ts';
import { encodeKrl } from '../ssh/krl.ts';
import type { DecodedKrl } from '../ssh/krl-read.ts';
import { decodeKrl } from '../ssh/krl-read.ts';
import { decodePublicKey, samePublicKey } from '../ssh/public-key.ts';
import { SerialSet } from '../ssh/serial-set.ts';
import type { Store, StoreReader } from './ports.ts';
import type { Purpose } from './purpose.ts';
import type { KrlContent } from './records.ts';

export interface RevocationList {
  readonly number: number;
  readonly bytes: Uint8Array;
  /** Differs whenever the bytes do. */
  readonly tag: string;
}

/** Milliseconds, by a clock that nobody sets. */
export interface Timer {
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

interface Made {
  readonly number: number;
  readonly list: Promise<RevocationList>;
  /** By the timer: before it none is made anew; set once this one is made. */
  restUntil: number;
}

/** A million entries take seconds, in which nobody else is answered, and anybody may revoke what is their own. */
function restAfter(tookMs: number): number {
  return tookMs < 50 ? 0 : Math.min(4 * tookMs, 10_000);
}

/** Keeps the list of each purpose as it was made last: it is asked for far more often than it changes. */
export class RevocationLists {
  readonly #made = new Map<Purpose, Made>();
  readonly #timer: Timer;
  readonly #restAfter: (tookMs: number) => number;

  constructor(timer: Timer, rest: (tookMs: number) => number = restAfter) {
    this.#timer = timer;
    this.#restAfter = rest;
  }

  /**
   * Outside of transactions, before `in`: waits while the list has changed again right after a long making. Nobody is given an
   * older list instead, so that what is revoked arrives with the next sync.
   */
  async rest(store: Store, purpose: Purpose): Promise<void> {
    for (;;) {
      const made = this.#made.get(purpose);
      // Whoever asked for it is told when it can not be made.
      await made?.list.catch(() => undefined);
      const wait = (made?.restUntil ?? 0) - this.#timer.now();
      if (wait <= 0 || (await store.read((tx) => tx.krlNumber(purpose))) === made?.number) return;
      await this.#timer.pause(wait);
    }
  }

  /** @param tx one that reads a committed state: the number of one that is undone may come to mean something else */
  async in(tx: StoreReader, purpose: Purpose): Promise<RevocationList> {
    const number = await tx.krlNumber(purpose);
    const made = this.#made.get(purpose);
    if (made?.number === number) return made.list;
    return this.#make(tx, purpose, number);
  }

  #make(tx: StoreReader, purpose: Purpose, number: number): Promise<RevocationList> {
    const begun = this.#timer.now();
    const list = tx.krlContent(purpose).then(makeList);
    const making: Made = { number, list, restUntil: 0 };
    this.#made.set(purpose, making);
    const rest = () => {
      making.restUntil = this.#timer.now() + this.#restAfter(this.#timer.now() - begun);
    };
    list.then(rest, () => this.#made.delete(purpose));
    return list;
  }
}

function makeList(content: KrlContent): RevocationList {
  const krl = krlOf(content);
  const bytes = encodeKrl(krl);
  // A wrong list would lock everybody out, or let in who was revoked.
  if (!says(decodeKrl(bytes), krl)) throw new TypeError('a revocation list does not say what was revoked');
  return { number: content.number, bytes, tag: base64urlnopad.encode(sha256(bytes)) };
}

function krlOf({ number, changedAt, certificates, fingerprints }: KrlContent): Krl {
  return {
    number: BigInt(number),
    generatedAt: BigInt(changedAt),
    comment: '',
    certificates: certificates.map(({ authority, serials }) => ({
      authority: decodePublicKey(authority),
      serials: SerialSet.of(serials),
      keyIds: [],
    })),
    keys: [],
    fingerprints,
  };
}

function says(decoded: DecodedKrl, { number, certificates, fingerprints }: Krl): boolean {
  const areListed = certificates.every(({ authority, serials }) =>
    decoded.certificates.some(
      (listed) => isOf(listed.authority, authority) && listed.serials.equals(serials),
    ),
  );
  const isComplete =
    areListed &&
    decoded.certificates.length === certificates.length &&
    decoded.sha256Fingerprints.length === fingerprints.length;
  return isComplete && decoded.number === number;
}

type Signer = Krl['certificates'][number]['authority'];

function isOf(listed: Signer, authority: Signer): boolean {
  if (listed === 'any' || authority === 'any') return listed === authority;
  return samePublicKey(listed, authority);
}
