/** What every request has that waits for a touch, whatever it asks for. */
import { networkOf } from '../policy/network.ts';
import type { Authority } from './authority.ts';
import type { RequestId } from './records.ts';

/** How long a request waits for its touch. */
const TOUCH_SECONDS = 120;
/** How long after that the result can be fetched again. */
export const KEEP_SECONDS = 600;

export function awaitingTouch(
  authority: Authority,
  { person, from }: { readonly person: string; readonly from: string },
  id: RequestId,
  pollSecretHash: Uint8Array,
  now: number,
) {
  return {
    id,
    person,
    nonce: authority.random.bytes(32),
    createdAt: now,
    expiresAt: now + TOUCH_SECONDS,
    keepUntil: now + TOUCH_SECONDS + KEEP_SECONDS,
    askedFrom: from,
    askedNetwork: networkOf(from),
    pollSecretHash,
    version: 0,
  } as const;
}
