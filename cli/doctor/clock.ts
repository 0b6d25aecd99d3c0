import type { Check } from './check.ts';
import { failure, ok, warning } from './check.ts';

/** Certificates begin five minutes back; a proof of possession may be off by as much. */
const REFUSED_SECONDS = 300;
const NOTICEABLE_SECONDS = 30;

export function judgeClock(serverTime: number | undefined, now: number): Check {
  if (serverTime === undefined)
    return warning('clock', 'the authority does not tell the time', 'compare by hand');
  const skew = now - serverTime;
  const size = Math.abs(skew);
  const message = `your clock is ${size} seconds ${skew > 0 ? 'ahead of' : 'behind'} the authority's`;
  if (size >= REFUSED_SECONDS) return failure('clock', message, 'set your clock: the authority refuses you');
  if (size >= NOTICEABLE_SECONDS) return warning('clock', message, 'set your clock before it gets worse');
  return ok('clock', size < 2 ? 'your clock and that of the authority agree' : message);
}
