/** The roster that decides, taken from the store in each transaction, parsed once for each digest. */
import { hex } from '@scure/base';
import { formatFault } from '../policy/fault.ts';
import type { RosterContext } from '../policy/parse.ts';
import { parseRoster } from '../policy/parse.ts';
import type { Roster } from '../policy/roster.ts';
import { AuthorityError } from './error.ts';
import type { StoreReader } from './ports.ts';

export class RosterInForce {
  readonly #context: RosterContext;
  #parsed: { readonly digest: string; readonly roster: Roster } | undefined;

  /** `context` is what this authority knows beyond the file: its keys, which may not be in a roster, and who signs for sudo. */
  constructor(context: RosterContext) {
    this.#context = context;
  }

  /** @throws AuthorityError `no-roster` before the first one was loaded. */
  async in(tx: StoreReader): Promise<Roster> {
    const digest = await tx.rosterDigest();
    if (digest === undefined)
      throw new AuthorityError('no-roster', 'no roster was loaded yet: usherd roster load');
    if (this.#parsed?.digest !== digest) this.#parsed = { digest, roster: await this.#read(tx, digest) };
    return this.#parsed.roster;
  }

  /** @throws AuthorityError `bad-roster` that lists every fault. */
  parse(text: string): Roster {
    const result = parseRoster(text, this.#context);
    if ('roster' in result) return result.roster;
    const faults = result.faults.map((fault) => formatFault(fault, 'roster'));
    throw new AuthorityError('bad-roster', `the roster is not loaded:\n${faults.join('\n')}`);
  }

  async #read(tx: StoreReader, digest: string): Promise<Roster> {
    const text = await tx.rosterText(digest);
    if (text === undefined)
      throw new AuthorityError('no-roster', `the store lacks the text of roster ${digest}`);
    const roster = this.parse(text);
    // The log names the digest: another text under it would be a roster that nobody loaded.
    if (hex.encode(roster.digest) !== digest)
      throw new AuthorityError('no-roster', `the stored text is not that of roster ${digest}`);
    return roster;
  }
}
