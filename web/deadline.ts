/** Until when something waits, by the clock of the authority. */
export interface Deadline {
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Seconds that the authority's clock is ahead of this machine's. */
  readonly clockAhead: number;
}

/** No browser lets a key be waited for much longer, and who comes back later asks again. */
const LONGEST_PATIENCE_SECONDS = 300;

/** @param now Unix seconds by this machine's clock */
export function secondsLeft({ expiresAt, clockAhead }: Deadline, now: number): number {
  return Math.ceil(expiresAt - clockAhead - now);
}

/** How long to wait for a key, in milliseconds. */
export function patience(deadline: Deadline, now: number): number {
  const seconds = Math.min(secondsLeft(deadline, now), LONGEST_PATIENCE_SECONDS);
  return Math.max(1, seconds) * 1000;
}

/** @param serverTime as the reply told it; a reply without one is believed to be of this very moment */
export function clockAhead(serverTime: number | undefined, now: number): number {
  return (serverTime ?? now) - now;
}
