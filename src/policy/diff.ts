/** What a new roster gives to each person and takes from each. Comments and the order of entries make no difference. */

import type { Item } from './diff-items.ts';
import { keyItems, loginItems, principalItems, untilItems } from './diff-items.ts';
import type { Rights } from './diff-right-items.ts';
import { rightItems, rightsOf } from './diff-right-items.ts';
import { approverItems, sudoCaItems, sudoItems, sudoTermItems } from './diff-sudo-items.ts';
import type { LoginProfile, Person, Roster, SudoCaKey, SudoProfile } from './roster.ts';
import type { HostShift } from './shift.ts';
import { approvalShift, loginShift, sudoShift } from './shift.ts';

export interface RosterDiff {
  /** What changes for everybody. */
  readonly changes: readonly Change[];
  /** Only people for whom something changes, by name. */
  readonly people: readonly PersonDiff[];
}

export type Change =
  /** Whose keys sign for sudo from now on. */
  | { readonly kind: 'sudo-signer'; readonly signer: 'touch' | 'authority' }
  /** A host takes another principal for sudo, as soon as its own configuration says so. */
  | { readonly kind: 'sudo-name'; readonly host: string; readonly before: string; readonly after: string };

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
    personDiff(name, holdingOf(before, name), holdingOf(after, name), shifts),
  );
  return {
    changes: [...signerChange(before, after), ...nameChanges(before, after)],
    people: people.filter(isChange),
  };
}

function signerChange(before: Roster, after: Roster): readonly Change[] {
  const [was, is] = [before, after].map(({ sudoCa }) => sudoCa.length > 0);
  return was === is ? [] : [{ kind: 'sudo-signer', signer: is ? 'touch' : 'authority' }];
}

function nameChanges(before: Roster, after: Roster): readonly Change[] {
  return [...after.hosts.values()].flatMap(({ name, sudoName }): readonly Change[] => {
    const old = before.hosts.get(name)?.sudoName ?? sudoName;
    return old === sudoName ? [] : [{ kind: 'sudo-name', host: name, before: old, after: sudoName }];
  });
}

/** What a person has under one of the rosters. */
interface Holding {
  readonly person: Person | undefined;
  readonly sudoCa: readonly SudoCaKey[];
}

function holdingOf(roster: Roster, name: string): Holding {
  return {
    person: roster.people.get(name),
    sudoCa: roster.sudoCa.filter(({ person }) => person === name),
  };
}

function isChange({ change, gains, loses }: PersonDiff): boolean {
  return change !== 'changed' || gains.length + loses.length > 0;
}

function personDiff(name: string, before: Holding, after: Holding, shifts: Shifts): PersonDiff {
  const shift = shifts.of(before.person, after.person);
  return {
    person: name,
    change: before.person === undefined ? 'added' : after.person === undefined ? 'removed' : 'changed',
    gains: gainsOf(before, after, shift),
    loses: gainsOf(after, before, wayBack(shift)),
  };
}

/** What is lost is what the way back would gain. */
function gainsOf(before: Holding, after: Holding, { login, sudo, approval, rights }: Shift): readonly Item[] {
  const [had, has] = [before.person?.logins ?? [], after.person?.logins ?? []];
  return [
    ...principalItems(had, has, login.gained, login.after),
    ...sudoItems(had, has, sudo.gained, sudo.after),
    ...login.terms.flatMap(loginItems),
    ...sudo.terms.flatMap(sudoTermItems),
    ...approverItems(approval.gained),
    ...rightItems(rights.before, rights.after),
    ...keyItems(before.person?.securityKeys ?? [], after.person?.securityKeys ?? []),
    ...sudoCaItems(before.sudoCa, after.sudoCa),
    ...untilItems(before.person, after.person),
  ];
}

interface Shift {
  readonly login: HostShift<LoginProfile>;
  readonly sudo: HostShift<SudoProfile>;
  readonly approval: Pick<HostShift<SudoProfile>, 'gained' | 'lost'>;
  readonly rights: { readonly before: Rights; readonly after: Rights };
}

function wayBack({ login, sudo, approval, rights }: Shift): Shift {
  return {
    login: reversed(login),
    sudo: reversed(sudo),
    approval: { gained: approval.lost, lost: approval.gained },
    rights: { before: rights.after, after: rights.before },
  };
}

function reversed<Profile>({ before, after, gained, lost, terms }: HostShift<Profile>): HostShift<Profile> {
  // The terms of a host that is lost altogether are of no interest.
  const kept = terms.filter((shift) => shift.after !== undefined);
  const back = kept.map((shift) => ({ hosts: shift.hosts, before: shift.after, after: shift.before }));
  return { before: after, after: before, gained: lost, lost: gained, terms: back };
}

/** People with the same roles see the same change of hosts: it is worked out once for all of them. */
class Shifts {
  readonly #before: Roster;
  readonly #after: Roster;
  readonly #known = new Map<string, Shift>();

  constructor(before: Roster, after: Roster) {
    this.#before = before;
    this.#after = after;
  }

  of(before: Person | undefined, after: Person | undefined): Shift {
    const key = JSON.stringify([before?.roles ?? [], after?.roles ?? []]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const was = { roster: this.#before, roles: before?.roles ?? [] };
    const is = { roster: this.#after, roles: after?.roles ?? [] };
    const shift = {
      login: loginShift(was, is),
      sudo: sudoShift(was, is),
      approval: approvalShift(was, is),
      rights: { before: rightsOf(was), after: rightsOf(is) },
    };
    this.#known.set(key, shift);
    return shift;
  }
}
