/** Several roles, one certificate: of each rule the strictest. */

import type { Cidr } from './cidr.ts';
import { intersect } from './cidr.ts';
import type { Denial } from './decision.ts';
import { deny } from './decision.ts';
import type { AttestationPolicy, Extension, LoginProfile, TouchPolicy } from './roster.ts';

/** A role that gives a login profile. */
export interface LoginRole {
  readonly name: string;
  readonly login: LoginProfile;
  readonly touch: TouchPolicy;
}

/** What policy adds to a certificate, and how far one may ask. */
export interface Mandates {
  readonly kind: 'mandates';
  readonly lifetime: number;
  readonly maxLifetime: number;
  readonly sourceAddresses?: readonly Cidr[];
  readonly extensions: readonly Extension[];
  readonly touch: TouchPolicy;
}

/** @returns a denial when no address or no authenticator is left that all roles allow: no list may become empty. */
export function strictest(first: LoginRole, others: readonly LoginRole[]): Mandates | Denial {
  let merged: Mandates = mandatesOf(first);
  for (const role of others) {
    const next = stricter(merged, mandatesOf(role));
    if (next === undefined)
      return deny(
        'conflicting-roles',
        `what ${first.name} and ${role.name} allow excludes each other: ask for their hosts one after the other`,
      );
    merged = next;
  }
  return merged;
}

function mandatesOf({ login, touch }: LoginRole): Mandates {
  const { lifetime, maxLifetime, extensions, sourceAddresses } = login;
  const mandates = { kind: 'mandates', lifetime, maxLifetime, extensions, touch } as const;
  return sourceAddresses === undefined ? mandates : { ...mandates, sourceAddresses };
}

function stricter(a: Mandates, b: Mandates): Mandates | undefined {
  const addresses = commonAddresses(a.sourceAddresses, b.sourceAddresses);
  const attestation = commonAttestation(a.touch.attestation, b.touch.attestation);
  if (addresses?.length === 0 || attestation === undefined) return undefined;
  return {
    kind: 'mandates',
    lifetime: Math.min(a.lifetime, b.lifetime),
    maxLifetime: Math.min(a.maxLifetime, b.maxLifetime),
    extensions: common(a.extensions, b.extensions),
    ...(addresses === undefined ? {} : { sourceAddresses: addresses }),
    touch: {
      userVerification: a.touch.userVerification || b.touch.userVerification,
      sameMachine: a.touch.sameMachine || b.touch.sameMachine,
      attestation,
    },
  };
}

function commonAddresses(
  a: readonly Cidr[] | undefined,
  b: readonly Cidr[] | undefined,
): readonly Cidr[] | undefined {
  return a === undefined || b === undefined ? (a ?? b) : intersect(a, b);
}

function commonAttestation(a: AttestationPolicy, b: AttestationPolicy): AttestationPolicy | undefined {
  if (!a.required) return b;
  if (!b.required) return a;
  const aaguids = common(a.aaguids, b.aaguids);
  const roots = common(a.roots, b.roots);
  return aaguids.length === 0 || roots.length === 0 ? undefined : { required: true, aaguids, roots };
}

function common<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return a.filter((item) => b.includes(item));
}
