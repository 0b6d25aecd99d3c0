/** What a person can gain or lose in rights over the authority itself. */
import type { TermItem } from './diff-term-items.ts';
import { touchItems } from './diff-term-items.ts';
import { roleWithRight } from './granting.ts';
import type { Right, TouchPolicy } from './roster.ts';
import { RIGHTS } from './roster.ts';
import type { Side } from './shift.ts';

export interface RightItem {
  readonly kind: 'rights';
  readonly rights: readonly Right[];
}

/** What a touch has to show for the acts of each right. */
export type Rights = ReadonlyMap<Right, TouchPolicy>;

export function rightsOf({ roster, roles }: Side): Rights {
  return new Map(
    RIGHTS.flatMap((right) => {
      const role = roleWithRight(roster, roles, right);
      return role === undefined ? [] : [[right, role.touch] as const];
    }),
  );
}

export function rightItems(before: Rights, after: Rights): readonly (RightItem | TermItem)[] {
  const gained = [...after.keys()].filter((right) => !before.has(right));
  const touches = [...after].flatMap(([right, touch]) => {
    const had = before.get(right);
    return had === undefined ? [] : touchItems({ purpose: 'act', right }, had, touch);
  });
  return gained.length === 0 ? touches : [{ kind: 'rights', rights: gained }, ...touches];
}
