/** The roster that decides, taken from the store in each transaction, parsed once for each digest. */
import { hex } from '@scure/base';
import { encodeLeaf } from '../log/leaf.ts';
import { formatFault } from '../policy/fault.ts';
import { parseRoster } from '../policy/parse.ts';
import type { Roster } from '../policy/roster.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { AuthorityError } from './error.ts';
import type { Store, StoreReader } from './ports.ts';

export class RosterInForce {
  readonly #authorityKeys: readonly PublicKey[];
  #parsed: { readonly digest: string; readonly roster: Roster } | undefined;

  /** `authorityKeys` may not be in a roster: a key has one role. */
  constructor(authorityKeys: readonly PublicKey[]) {
    this.#authorityKeys = authorityKeys;
  }

  /** @throws AuthorityError `no-roster` before the first one was loaded. */
  async in(tx: StoreReader): Promise<Roster> {
    const digest = await tx.rosterDigest();
    if (digest === undefined)
      throw new AuthorityError('no-roster', 'no roster was loaded yet: usherd roster load');
    if (this.#parsed?.digest !== digest) this.#parsed = { digest, roster: await this.#read(tx, digest) };
    return this.#parsed.roster;
  }

  /**
   * Puts a new roster in force, whole or not at all. Every process that shares the store follows with its next
   * transaction.
   * @throws AuthorityError `bad-roster` that lists every fault.
   */
  async load(
    store: Store,
    text: string,
    now: number,
  ): Promise<{ readonly digest: string; readonly changed: boolean }> {
    const roster = this.#parse(text);
    const digest = hex.encode(roster.digest);
    const changed = await store.write(async (tx) => {
      if ((await tx.rosterDigest()) === digest) return false;
      await tx.setRoster(digest, text, now);
      await tx.appendLeaf(encodeLeaf({ kind: 'roster', recordedAt: now, digest: roster.digest }));
      return true;
    });
    return { digest, changed };
  }

  async #read(tx: StoreReader, digest: string): Promise<Roster> {
    const text = await tx.rosterText(digest);
    if (text === undefined)
      throw new AuthorityError('no-roster', `the store lacks the text of roster ${digest}`);
    const roster = this.#parse(text);
    // The log names the digest: another text under it would be a roster that nobody loaded.
    if (hex.encode(roster.digest) !== digest)
      throw new AuthorityError('no-roster', `the stored text is not that of roster ${digest}`);
    return roster;
  }

  #parse(text: string): Roster {
    const result = parseRoster(text, { authorityKeys: this.#authorityKeys });
    if ('roster' in result) return result.roster;
    const faults = result.faults.map((fault) => formatFault(fault, 'roster'));
    throw new AuthorityError('bad-roster', `the roster is not loaded:\n${faults.join('\n')}`);
  }
}
