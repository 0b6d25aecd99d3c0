import { formatDuration } from '../ssh/duration.ts';
import type { Denial } from './decision.ts';
import { deny } from './decision.ts';
import type { Person } from './roster.ts';

/** @param now Unix seconds */
export function refuseLongLifetime(
  lifetime: number,
  most: number,
  person: Person,
  now: number,
): Denial | undefined {
  if (lifetime > most) return tooLong(most);
  if (person.until !== undefined && now + lifetime > person.until)
    return deny(
      'lifetime-too-long',
      `the access of ${person.name} ends in ${person.until - now} seconds: ask for less`,
    );
  return undefined;
}

export function tooLong(most: number): Denial {
  return deny('lifetime-too-long', `the longest lifetime for this is ${formatDuration(most)}`);
}
