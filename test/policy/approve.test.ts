import { describe, expect, it } from 'vitest';
import { countApprovers, mayApprove, sudoCaKeyOf } from '../../src/policy/approve.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { NOW, OTHER_SK_LINE, rosterOf, SK_ECDSA_LINE, SK_LINE, underApplication } from './rosters.ts';
import { SUDO_COMPANY, TOUCH_CA } from './sudo-rosters.ts';

const roster = rosterOf(SUDO_COMPANY);

describe('mayApprove', () => {
  it('refuses people without one of the roles, of the past, and of no roster', () => {
    for (const name of ['ann', 'nobody', 'eve', 'former', 'mallory', '__proto__', 'toString', ''])
      expect([name, mayApprove(roster, name, ['lead'], NOW)]).toEqual([name, false]);
  });

  it('refuses everybody where there are no approvers', () => {
    expect(mayApprove(roster, 'dan', [], NOW)).toBe(false);
  });

  it('takes one of the roles, until the access ends', () => {
    expect(mayApprove(roster, 'dan', ['lead'], NOW)).toBe(true);
    expect(mayApprove(roster, 'eve', ['lead', 'security'], NOW)).toBe(true);
    const until = roster.people.get('guest')?.until ?? 0;
    expect(mayApprove(roster, 'guest', ['engineer'], until - 1)).toBe(true);
    expect(mayApprove(roster, 'guest', ['engineer'], until)).toBe(false);
  });
});

describe('countApprovers', () => {
  it('leaves out who asks, and who is no more', () => {
    expect(countApprovers(roster, 'ann', ['lead'], NOW)).toBe(2);
    expect(countApprovers(roster, 'carol', ['lead'], NOW)).toBe(1);
    expect(countApprovers(roster, 'ann', ['lead', 'security'], NOW)).toBe(3);
  });

  it('counts anew in another moment', () => {
    const until = roster.people.get('guest')?.until ?? 0;
    const inOrder = [until - 1, until, until - 1].map((now) =>
      countApprovers(roster, 'ann', ['engineer'], now),
    );
    expect(inOrder).toEqual([1, 0, 1]);
  });

  it('counts only owners of active keys where keys of people sign', () => {
    const text = (state: string) =>
      TOUCH_CA.replace('people:\n', 'people:\n  hal: { logins: [hal], roles: [lead] }\n').replace(
        "{ person: dan, key: '",
        `{ person: dan, state: ${state}, key: '`,
      );
    expect(countApprovers(rosterOf(text('active')), 'ann', ['lead'], NOW)).toBe(2);
    const noEngineer = (state: string) => text(state).replace('roles: [lead, engineer]', 'roles: [lead]');
    expect(countApprovers(rosterOf(noEngineer('retired')), 'ann', ['lead'], NOW)).toBe(1);
    expect(countApprovers(rosterOf(noEngineer('coming')), 'ann', ['lead'], NOW)).toBe(1);
  });
});

describe('sudoCaKeyOf', () => {
  const touch = rosterOf(TOUCH_CA);
  const keyOf = (line: string) => parsePublicKeyLine(line).key;

  it('finds no key that is no CA key, nor one under another application', () => {
    for (const line of [SK_LINE, underApplication(OTHER_SK_LINE, 'ssh:other')])
      expect(sudoCaKeyOf(touch, keyOf(line), NOW)).toBeUndefined();
    expect(sudoCaKeyOf(roster, keyOf(OTHER_SK_LINE), NOW)).toBeUndefined();
  });

  it('says whose it is and whether the owner has access', () => {
    expect(sudoCaKeyOf(touch, keyOf(SK_ECDSA_LINE), NOW)).toMatchObject({
      caKey: { person: 'dan', state: 'active' },
      isOwnerLive: true,
    });
    const until = touch.people.get('carol')?.until ?? 0;
    const live = (now: number) => sudoCaKeyOf(touch, keyOf(OTHER_SK_LINE), now)?.isOwnerLive;
    expect([live(until - 1), live(until)]).toEqual([true, false]);
  });
});
