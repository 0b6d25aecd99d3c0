import { expect, it } from 'vitest';
import { enrolmentPolicy } from '../../src/policy/enrolment.ts';
import { COMPANY, rosterOf } from './rosters.ts';

const roster = rosterOf(COMPANY);

function policyOf(name: string) {
  const person = roster.people.get(name);
  if (person === undefined) throw new TypeError(name);
  return enrolmentPolicy(roster, person);
}

it('a role that asks for user verification asks for it at enrolment, whatever the other roles say', () => {
  expect(policyOf('alice')).toEqual({ userVerification: false, attestations: [] });
  expect(policyOf('bob').userVerification).toBe(true);
});

it('a role without a profile to sign in counts, too', () => {
  expect(policyOf('carol').userVerification).toBe(true);
});

it('the attestation of each role has to be met', () => {
  const [first, second, ...rest] = policyOf('erin').attestations;
  expect(first?.roots).not.toEqual(second?.roots);
  expect(rest).toEqual([]);
});
