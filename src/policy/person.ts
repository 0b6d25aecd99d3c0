import type { Person } from './roster.ts';

/** @param now Unix seconds */
export function hasEnded(person: Person, now: number): boolean {
  return person.until !== undefined && now >= person.until;
}
