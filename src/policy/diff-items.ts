/** The single things a person can gain or lose. Each function names gains; what is lost is gained on the way back. */
import type { Cidr } from './cidr.ts';
import { contains } from './cidr.ts';
import type { AttestationPolicy, Extension, Person, RosterKey } from './roster.ts';
import type { HostTerms, TermShift } from './shift.ts';

export type Item =
  | { readonly kind: 'principals'; readonly principals: readonly string[] }
  | LifetimeItem
  | { readonly kind: 'extensions'; readonly hosts: Hosts; readonly extensions: readonly Extension[] }
  /** Networks from which the certificate can be used. */
  | { readonly kind: 'source-addresses'; readonly hosts: Hosts; readonly networks: readonly string[] }
  /** A touch that does without something. */
  | { readonly kind: 'touch'; readonly hosts: Hosts; readonly without: TouchDemand }
  /** Models, or makers, of security keys that count. */
  | {
      readonly kind: 'authenticators';
      readonly hosts: Hosts;
      readonly models: readonly string[];
      readonly makers: number;
    }
  | { readonly kind: 'security-key'; readonly fingerprint: string; readonly comment: string }
  /** Unix seconds; undefined is without end. `otherwise` is what stands in the other roster. */
  | { readonly kind: 'until'; readonly until: number | undefined; readonly otherwise: number | undefined };

interface LifetimeItem extends Lifetimes {
  readonly kind: 'lifetime';
  readonly hosts: Hosts;
  /** What stands in the other roster, if it gives these hosts. */
  readonly otherwise?: Lifetimes;
}

/** Seconds. */
export interface Lifetimes {
  readonly usual: number;
  readonly most: number;
}

export type TouchDemand = 'user verification' | 'the same machine' | 'attestation';

type Hosts = readonly string[];

/** @param gained hosts and groups that are new to the roles @param granted all of them, for logins that are new */
export function principalItems(
  before: readonly string[],
  after: readonly string[],
  gained: Hosts,
  granted: Hosts,
): readonly Item[] {
  const principals = after.flatMap((login) =>
    (before.includes(login) ? gained : granted).map((host) => (host === '*' ? login : `${login}@${host}`)),
  );
  return principals.length === 0 ? [] : [{ kind: 'principals', principals }];
}

export function termItems({ hosts, before, after }: TermShift): readonly Item[] {
  if (after === undefined) return [];
  return [
    ...lifetimeItems(hosts, before, after),
    ...extensionItems(hosts, before, after),
    ...networkItems(hosts, before, after),
    ...(before === undefined ? [] : touchItems(hosts, before, after)),
  ];
}

function lifetimeItems(hosts: Hosts, before: HostTerms | undefined, after: HostTerms): readonly Item[] {
  const lifetimes = lifetimesOf(after);
  if (before === undefined) return [{ kind: 'lifetime', hosts, ...lifetimes }];
  const otherwise = lifetimesOf(before);
  const more = lifetimes.most - otherwise.most || lifetimes.usual - otherwise.usual;
  return more > 0 ? [{ kind: 'lifetime', hosts, ...lifetimes, otherwise }] : [];
}

function lifetimesOf({ login }: HostTerms): Lifetimes {
  return { usual: login.lifetime, most: login.maxLifetime };
}

function extensionItems(hosts: Hosts, before: HostTerms | undefined, after: HostTerms): readonly Item[] {
  const extensions = without(after.login.extensions, before?.login.extensions ?? []);
  return extensions.length === 0 ? [] : [{ kind: 'extensions', hosts, extensions }];
}

const ANYWHERE: readonly Cidr[] = [
  { family: 4, address: 0n, prefix: 0, text: '0.0.0.0/0' },
  { family: 6, address: 0n, prefix: 0, text: '::/0' },
];

function networkItems(hosts: Hosts, before: HostTerms | undefined, after: HostTerms): readonly Item[] {
  // That a new host can be reached from anywhere goes without saying.
  if (before === undefined && after.login.sourceAddresses === undefined) return [];
  const had = before === undefined ? [] : (before.login.sourceAddresses ?? ANYWHERE);
  const networks = (after.login.sourceAddresses ?? ANYWHERE)
    .filter((network) => !had.some((other) => contains(other, network)))
    .map(({ text }) => text);
  return networks.length === 0 ? [] : [{ kind: 'source-addresses', hosts, networks }];
}

function touchItems(
  hosts: Hosts,
  { touch: before }: HostTerms,
  { touch: after }: HostTerms,
): readonly Item[] {
  const demands: readonly (readonly [TouchDemand, boolean, boolean])[] = [
    ['user verification', before.userVerification, after.userVerification],
    ['the same machine', before.sameMachine, after.sameMachine],
    ['attestation', before.attestation.required, after.attestation.required],
  ];
  const dropped = demands.filter(([, was, is]) => was && !is).map(([demand]) => demand);
  return [
    ...dropped.map((demand) => ({ kind: 'touch', hosts, without: demand }) as const),
    ...authenticatorItems(hosts, before.attestation, after.attestation),
  ];
}

function authenticatorItems(
  hosts: Hosts,
  before: AttestationPolicy,
  after: AttestationPolicy,
): readonly Item[] {
  if (!before.required || !after.required) return [];
  const models = without(after.aaguids, before.aaguids);
  const makers = without(after.roots, before.roots).length;
  return models.length + makers === 0 ? [] : [{ kind: 'authenticators', hosts, models, makers }];
}

export function keyItems(before: readonly RosterKey[], after: readonly RosterKey[]): readonly Item[] {
  const had = new Set(before.map(({ fingerprint }) => fingerprint));
  return after
    .filter(({ fingerprint }) => !had.has(fingerprint))
    .map(({ fingerprint, comment }) => ({ kind: 'security-key', fingerprint, comment }));
}

/** More time for somebody who is in both rosters. */
export function untilItems(before: Person | undefined, after: Person | undefined): readonly Item[] {
  if (before === undefined || after === undefined) return [];
  const isLater = (after.until ?? Number.POSITIVE_INFINITY) > (before.until ?? Number.POSITIVE_INFINITY);
  return isLater ? [{ kind: 'until', until: after.until, otherwise: before.until }] : [];
}

function without<T>(list: readonly T[], taken: readonly T[]): readonly T[] {
  return list.filter((item) => !taken.includes(item));
}
