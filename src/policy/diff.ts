/** What a new roster gives to each person and takes from each. Comments and the order of entries make no difference. */

import type { Item } from './diff-items.ts';
import { keyItems, principalItems, termItems, untilItems } from './diff-items.ts';
import { loginRolesOf } from './granting.ts';
import type { Person, Roster } from './roster.ts';
import type { HostShift, TermShift } from './shift.ts';
import { shiftOf } from './shift.ts';

export interface RosterDiff {
  /** Only people for whom something changes, by name. */
  readonly people: readonly PersonDiff[];
}

export interface PersonDiff {
  readonly person: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly gains: readonly Item[];
  readonly loses: readonly Item[];
}

export function rosterDiff(before: Roster, after: Roster): RosterDiff {
  const shifts = new Shifts(before, after);
  const names = [...new Set([...before.people.keys(), ...after.people.keys()])].sort();
  const people = names.map((name) =>
    personDiff(name, before.people.get(name), after.people.get(name), shifts),
  );
  return { people: people.filter(isChange) };
}

function isChange({ change, gains, loses }: PersonDiff): boolean {
  return change !== 'changed' || gains.length + loses.length > 0;
}

function personDiff(
  name: string,
  before: Person | undefined,
  after: Person | undefined,
  shifts: Shifts,
): PersonDiff {
  const { terms, ...hosts } = shifts.of(before, after);
  const [had, has] = [before?.logins ?? [], after?.logins ?? []];
  // The terms of a host that is lost altogether are of no interest.
  const back = terms.filter((shift) => shift.after !== undefined).map(reversed);
  return {
    person: name,
    change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    gains: [...principalItems(had, has, hosts.gained, hosts.after), ...otherItems(before, after, terms)],
    loses: [...principalItems(has, had, hosts.lost, hosts.before), ...otherItems(after, before, back)],
  };
}

function reversed({ hosts, before, after }: TermShift): TermShift {
  return { hosts, before: after, after: before };
}

/** What is lost is what the way back would gain. */
function otherItems(
  before: Person | undefined,
  after: Person | undefined,
  terms: readonly TermShift[],
): readonly Item[] {
  return [
    ...terms.flatMap(termItems),
    ...keyItems(before?.securityKeys ?? [], after?.securityKeys ?? []),
    ...untilItems(before, after),
  ];
}

/** People with the same roles see the same change of hosts: it is worked out once for all of them. */
class Shifts {
  readonly #before: Roster;
  readonly #after: Roster;
  readonly #known = new Map<string, HostShift>();

  constructor(before: Roster, after: Roster) {
    this.#before = before;
    this.#after = after;
  }

  of(before: Person | undefined, after: Person | undefined): HostShift {
    const key = JSON.stringify([before?.roles ?? [], after?.roles ?? []]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const shift = shiftOf(
      { roster: this.#before, roles: before === undefined ? [] : loginRolesOf(this.#before, before.roles) },
      { roster: this.#after, roles: after === undefined ? [] : loginRolesOf(this.#after, after.roles) },
    );
    this.#known.set(key, shift);
    return shift;
  }
}
