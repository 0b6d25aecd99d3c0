/**
 * pam-ussh's algorithm over facts: what it does with each identity of an agent, how it ends, and what it logs. Call it once without signing results,
 * let the identities that `asksToSign` marks sign, and call it again.
 */
import type { Facts } from './facts.ts';
import type { Judgement } from './verdict.ts';

export function judge(_facts: Facts): Judgement {
  throw new TypeError('not built yet');
}
