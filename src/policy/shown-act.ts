/** What everybody is shown who wants to do something to the authority, before anybody is authenticated; see `shown-grant.ts`. */
import type { Act } from '../ssh/act.ts';
import { isOwn, OWN_TOUCH, rightOf } from './decide-act.ts';
import { roleWithRight } from './granting.ts';
import type { Roster, TouchPolicy } from './roster.ts';
import { pickRoles } from './shown-grant.ts';

/**
 * For whoever has the right it is what `decideAct` will ask for, and for everybody else what it would ask of somebody who has
 * it: an answer tells neither who may nor who exists.
 * @param seed a secret of the authority: without it nobody can tell whose roles a stranger would be shown
 */
export function shownActTouch(roster: Roster, seed: Uint8Array, personName: string, act: Act): TouchPolicy {
  const right = rightOf(act);
  const lists = roster.manageLists.filter((names) => roleWithRight(roster, names, right) !== undefined);
  // Picked for known people too, so that they do not take less time.
  const anybodys = roleWithRight(roster, pickRoles(lists, seed, personName), right);
  const own = roleWithRight(roster, roster.people.get(personName)?.roles ?? [], right);
  if (isOwn(act, personName)) return OWN_TOUCH;
  return (own ?? anybodys)?.touch ?? OWN_TOUCH;
}
