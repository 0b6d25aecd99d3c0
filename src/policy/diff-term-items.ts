/** What certificates of every purpose have, and acts in part: lifetimes, and what their touches must show. */
import type { AttestationPolicy, Right, TouchPolicy } from './roster.ts';
import type { HostTerms } from './shift.ts';

export type TermItem =
  | LifetimeItem
  /** A touch that does without something. */
  | (Touched & { readonly kind: 'touch'; readonly without: TouchDemand })
  /** Models, or makers, of security keys that count. */
  | (Touched & {
      readonly kind: 'authenticators';
      readonly models: readonly string[];
      readonly makers: number;
    });

/** What it is touched for: certificates, or acts of a right. */
export type Touched = At | { readonly purpose: 'act'; readonly right: Right };

interface At {
  readonly purpose: 'login' | 'sudo';
  readonly hosts: readonly string[];
}

interface LifetimeItem extends At, Lifetimes {
  readonly kind: 'lifetime';
  /** What stands in the other roster, if it gives these hosts. */
  readonly otherwise?: Lifetimes;
}

/** Seconds. */
export interface Lifetimes {
  readonly usual: number;
  readonly most: number;
}

export type TouchDemand = 'user verification' | 'the same machine' | 'attestation';

type Limited = HostTerms<{ readonly lifetime: number; readonly maxLifetime: number }>;

/** @returns what is gained in lifetimes, and in touches */
export function limitItems(
  purpose: At['purpose'],
  hosts: readonly string[],
  before: Limited | undefined,
  after: Limited,
): readonly [lifetimes: readonly TermItem[], touches: readonly TermItem[]] {
  const at = { purpose, hosts };
  return [
    lifetimeItems(at, before, after),
    before === undefined ? [] : touchItems(at, before.touch, after.touch),
  ];
}

function lifetimeItems(at: At, before: Limited | undefined, after: Limited): readonly TermItem[] {
  const lifetimes = lifetimesOf(after);
  if (before === undefined) return [{ kind: 'lifetime', ...at, ...lifetimes }];
  const otherwise = lifetimesOf(before);
  const more = lifetimes.most - otherwise.most || lifetimes.usual - otherwise.usual;
  return more > 0 ? [{ kind: 'lifetime', ...at, ...lifetimes, otherwise }] : [];
}

function lifetimesOf({ profile }: Limited): Lifetimes {
  return { usual: profile.lifetime, most: profile.maxLifetime };
}

export function touchItems(at: Touched, before: TouchPolicy, after: TouchPolicy): readonly TermItem[] {
  const demands: readonly (readonly [TouchDemand, boolean, boolean])[] = [
    ['user verification', before.userVerification, after.userVerification],
    ['the same machine', before.sameMachine, after.sameMachine],
    ['attestation', before.attestation.required, after.attestation.required],
  ];
  const dropped = demands.filter(([, was, is]) => was && !is).map(([demand]) => demand);
  return [
    ...dropped.map((demand) => ({ kind: 'touch', ...at, without: demand }) as const),
    ...authenticatorItems(at, before.attestation, after.attestation),
  ];
}

function authenticatorItems(
  at: Touched,
  before: AttestationPolicy,
  after: AttestationPolicy,
): readonly TermItem[] {
  if (!before.required || !after.required) return [];
  const models = without(after.aaguids, before.aaguids);
  const makers = without(after.roots, before.roots).length;
  return models.length + makers === 0 ? [] : [{ kind: 'authenticators', ...at, models, makers }];
}

function without<T>(list: readonly T[], taken: readonly T[]): readonly T[] {
  return list.filter((item) => !taken.includes(item));
}
