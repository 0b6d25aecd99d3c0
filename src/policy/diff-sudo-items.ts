/** What a person can gain or lose in sudo. `hosts` may hold `EVERYWHERE`. */
import type { TermItem } from './diff-term-items.ts';
import { limitItems } from './diff-term-items.ts';
import type { SudoCaKey, SudoProfile } from './roster.ts';
import type { HostTerms, TermShift } from './shift.ts';

export type SudoItem =
  | { readonly kind: 'sudo'; readonly logins: readonly string[]; readonly hosts: Hosts }
  | ApprovalsItem
  /** Sudo that does without something. */
  | { readonly kind: 'sudo-without'; readonly hosts: Hosts; readonly without: SudoDemand }
  /** May approve what others ask for. */
  | { readonly kind: 'approver'; readonly hosts: Hosts }
  /** A key that signs for sudo: by itself it is root on every host. */
  | {
      readonly kind: 'sudo-ca-key';
      readonly fingerprint: string;
      readonly comment: string;
      readonly state: SudoCaKey['state'];
    };

interface ApprovalsItem extends Approvals {
  readonly kind: 'approvals';
  readonly hosts: Hosts;
  /** What stands in the other roster, if it gives these hosts. */
  readonly otherwise?: Approvals;
}

export interface Approvals {
  readonly approvals: number;
  readonly approvers: readonly string[];
}

export type SudoDemand = 'a reason' | 'a security key';

type Hosts = readonly string[];
type SudoTerms = HostTerms<SudoProfile>;

/** @param gained hosts and groups that are new to the roles @param granted all of them, for logins that are new */
export function sudoItems(
  before: readonly string[],
  after: readonly string[],
  gained: Hosts,
  granted: Hosts,
): readonly SudoItem[] {
  const kept = after.filter((login) => before.includes(login));
  const added = after.filter((login) => !before.includes(login));
  const items = [
    { kind: 'sudo', logins: kept, hosts: gained },
    { kind: 'sudo', logins: added, hosts: granted },
  ] as const;
  return items.filter(({ logins, hosts }) => logins.length > 0 && hosts.length > 0);
}

export function sudoTermItems({
  hosts,
  before,
  after,
}: TermShift<SudoProfile>): readonly (SudoItem | TermItem)[] {
  if (after === undefined) return [];
  const [lifetimes, touches] = limitItems('sudo', hosts, before, after);
  return [
    ...lifetimes,
    ...approvalItems(hosts, before, after),
    ...(before === undefined ? [] : droppedItems(hosts, before, after)),
    ...touches,
  ];
}

/** Fewer approvals, or people who could give none before. */
function approvalItems(hosts: Hosts, before: SudoTerms | undefined, after: SudoTerms): readonly SudoItem[] {
  const now = approvalsOf(after);
  if (before === undefined) return [{ kind: 'approvals', hosts, ...now }];
  const otherwise = approvalsOf(before);
  const isNew = now.approvers.some((role) => !otherwise.approvers.includes(role));
  const isEasier = now.approvals < otherwise.approvals || (otherwise.approvals > 0 && isNew);
  return isEasier ? [{ kind: 'approvals', hosts, ...now, otherwise }] : [];
}

function approvalsOf({ profile }: SudoTerms): Approvals {
  return { approvals: profile.approvals, approvers: profile.approvers };
}

function droppedItems(hosts: Hosts, { profile: before }: SudoTerms, { profile: after }: SudoTerms) {
  const demands: readonly (readonly [SudoDemand, boolean, boolean])[] = [
    ['a reason', before.reasonRequired, after.reasonRequired],
    ['a security key', before.securityKeysOnly, after.securityKeysOnly],
  ];
  return demands
    .filter(([, was, is]) => was && !is)
    .map(([demand]): SudoItem => ({ kind: 'sudo-without', hosts, without: demand }));
}

export function approverItems(hosts: Hosts): readonly SudoItem[] {
  return hosts.length === 0 ? [] : [{ kind: 'approver', hosts }];
}

/** A key counts as another one in another state: only an active one signs. */
export function sudoCaItems(before: readonly SudoCaKey[], after: readonly SudoCaKey[]): readonly SudoItem[] {
  const had = new Set(before.map(({ fingerprint, state }) => `${fingerprint} ${state}`));
  return after
    .filter(({ fingerprint, state }) => !had.has(`${fingerprint} ${state}`))
    .map(({ fingerprint, comment, state }) => ({ kind: 'sudo-ca-key', fingerprint, comment, state }));
}
