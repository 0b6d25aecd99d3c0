/** The single things a person can gain or lose. Each function names gains; what is lost is gained on the way back. */
import type { Cidr } from './cidr.ts';
import { contains } from './cidr.ts';
import type { RightItem } from './diff-right-items.ts';
import type { SudoItem } from './diff-sudo-items.ts';
import type { TermItem } from './diff-term-items.ts';
import { limitItems } from './diff-term-items.ts';
import type { Extension, LoginProfile, Person, RosterKey } from './roster.ts';
import type { HostTerms, TermShift } from './shift.ts';

export type Item =
  | { readonly kind: 'principals'; readonly principals: readonly string[] }
  | { readonly kind: 'extensions'; readonly hosts: Hosts; readonly extensions: readonly Extension[] }
  /** Networks from which the certificate can be used. */
  | { readonly kind: 'source-addresses'; readonly hosts: Hosts; readonly networks: readonly string[] }
  | { readonly kind: 'security-key'; readonly fingerprint: string; readonly comment: string }
  /** Unix seconds; undefined is without end. `otherwise` is what stands in the other roster. */
  | { readonly kind: 'until'; readonly until: number | undefined; readonly otherwise: number | undefined }
  | TermItem
  | SudoItem
  | RightItem;

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

export function loginItems({ hosts, before, after }: TermShift<LoginProfile>): readonly Item[] {
  if (after === undefined) return [];
  const [lifetimes, touches] = limitItems('login', hosts, before, after);
  return [
    ...lifetimes,
    ...extensionItems(hosts, before, after),
    ...networkItems(hosts, before, after),
    ...touches,
  ];
}

type LoginTerms = HostTerms<LoginProfile>;

function extensionItems(hosts: Hosts, before: LoginTerms | undefined, after: LoginTerms): readonly Item[] {
  const had = before?.profile.extensions ?? [];
  const extensions = after.profile.extensions.filter((extension) => !had.includes(extension));
  return extensions.length === 0 ? [] : [{ kind: 'extensions', hosts, extensions }];
}

const ANYWHERE: readonly Cidr[] = [
  { family: 4, address: 0n, prefix: 0, text: '0.0.0.0/0' },
  { family: 6, address: 0n, prefix: 0, text: '::/0' },
];

function networkItems(hosts: Hosts, before: LoginTerms | undefined, after: LoginTerms): readonly Item[] {
  // That a new host can be reached from anywhere goes without saying.
  if (before === undefined && after.profile.sourceAddresses === undefined) return [];
  const had = before === undefined ? [] : (before.profile.sourceAddresses ?? ANYWHERE);
  const networks = (after.profile.sourceAddresses ?? ANYWHERE)
    .filter((network) => !had.some((other) => contains(other, network)))
    .map(({ text }) => text);
  return networks.length === 0 ? [] : [{ kind: 'source-addresses', hosts, networks }];
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
