/** Several roles, one certificate: of each rule the strictest. */
import type { Denial } from './decision.ts';
import { deny } from './decision.ts';
import type { RoleFor } from './granting.ts';
import type { AttestationPolicy, TouchPolicy } from './roster.ts';

/** What policy adds to a certificate of any purpose, and how far one may ask. */
export interface Limits {
  readonly lifetime: number;
  readonly maxLifetime: number;
  readonly touch: TouchPolicy;
}

/** How the roles of a purpose become its mandates. */
export interface Rules<Profile, Mandates> {
  mandatesOf(role: RoleFor<Profile>): Mandates;
  /** @returns nothing when the two exclude each other: no list may become empty. */
  stricter(a: Mandates, b: Mandates): Mandates | undefined;
}

export function strictest<Profile, Mandates>(
  rules: Rules<Profile, Mandates>,
  first: RoleFor<Profile>,
  others: readonly RoleFor<Profile>[],
): Mandates | Denial {
  let merged = rules.mandatesOf(first);
  for (const role of others) {
    const next = rules.stricter(merged, rules.mandatesOf(role));
    if (next === undefined)
      return deny(
        'conflicting-roles',
        `what ${first.name} and ${role.name} allow excludes each other: ask for their hosts one after the other`,
      );
    merged = next;
  }
  return merged;
}

export function stricterLimits(a: Limits, b: Limits): Limits | undefined {
  const attestation = commonAttestation(a.touch.attestation, b.touch.attestation);
  if (attestation === undefined) return undefined;
  return {
    lifetime: Math.min(a.lifetime, b.lifetime),
    maxLifetime: Math.min(a.maxLifetime, b.maxLifetime),
    touch: {
      userVerification: a.touch.userVerification || b.touch.userVerification,
      sameMachine: a.touch.sameMachine || b.touch.sameMachine,
      attestation,
    },
  };
}

function commonAttestation(a: AttestationPolicy, b: AttestationPolicy): AttestationPolicy | undefined {
  if (!a.required) return b;
  if (!b.required) return a;
  const aaguids = common(a.aaguids, b.aaguids);
  const roots = common(a.roots, b.roots);
  return aaguids.length === 0 || roots.length === 0 ? undefined : { required: true, aaguids, roots };
}

export function common<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return a.filter((item) => b.includes(item));
}
