/** A caller whose clock is too far off is told by how much, in words that a person reads. */
import { AuthorityError } from './error.ts';

/** @param time what the caller's clock said. @param now what ours says. Both in Unix seconds. */
export function clockSkew(time: number, now: number): AuthorityError {
  const direction = time > now ? 'ahead of' : 'behind';
  return new AuthorityError(
    'clock-skew',
    `your clock is ${inWords(Math.abs(time - now))} ${direction} the authority's: set it and try again`,
  );
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** In the largest unit of which there are at least two, so that "90 minutes" does not become "2 hours". */
function inWords(seconds: number): string {
  const [name, size] = UNITS.find(([, size]) => seconds >= 2 * size) ?? ['second', 1];
  const count = Math.round(seconds / size);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
