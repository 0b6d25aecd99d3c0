/** What a new credential of a person has to show: all that any of the person's roles asks of touches. */
import type { AttestationPolicy, Person, Roster } from './roster.ts';

export interface EnrolmentPolicy {
  readonly userVerification: boolean;
  /** Each has to be met. */
  readonly attestations: readonly Extract<AttestationPolicy, { required: true }>[];
}

export function enrolmentPolicy(roster: Roster, person: Person): EnrolmentPolicy {
  const touches = person.roles.flatMap((name) => roster.roles.get(name)?.touch ?? []);
  return {
    userVerification: touches.some(({ userVerification }) => userVerification),
    attestations: touches.map(({ attestation }) => attestation).filter((attestation) => attestation.required),
  };
}
