/** Where the replacement of a CA key stands, and what comes next. Pure. */
import type { CaKeyList, ListedCaKey, ListedHost } from '../authority/ca-keys.ts';
import { MAX_SECONDS } from '../check/draft-fields.ts';
import { formatTime } from '../issue/review.ts';
import type { Purpose } from './purpose.ts';

interface Rotation {
  readonly purpose: Purpose;
  /** Those that count, or will, in the order of their states. */
  readonly keys: readonly KeyStanding[];
  /** Hosts that get nothing any more until they enrol anew: they are not waited for. */
  readonly locked: readonly string[];
  /** What the person does now, in words. */
  readonly next: string;
}

export interface KeyStanding {
  readonly key: ListedCaKey;
  /** By what they reported last; undefined where hosts do not check the purpose: certificates of hosts, which clients check. */
  readonly hosts: { readonly having: readonly string[]; readonly lacking: readonly string[] } | undefined;
}

const ORDER: readonly ListedCaKey['state'][] = ['created', 'coming', 'active', 'retired'];

export function rotationOf({ keys, hosts }: CaKeyList, purpose: Purpose, now: number): Rotation {
  const waitedFor = hosts.filter(({ lockedAt }) => lockedAt === undefined);
  const standing = keys
    .filter((key) => key.purpose === purpose && ORDER.includes(key.state))
    .toSorted((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state))
    .map((key) => ({ key, hosts: purpose === 'host' ? undefined : splitHosts(waitedFor, key) }));
  const locked = hosts.filter(({ lockedAt }) => lockedAt !== undefined).map(({ host }) => host);
  return { purpose, keys: standing, locked, next: nextStep(purpose, standing, now) };
}

/** From when on every client has had a key of hosts: each learns of it with a login, and no login lasts longer. */
function clientsHaveIt({ publishedAt, since }: ListedCaKey): number {
  return (publishedAt ?? since) + MAX_SECONDS;
}

function splitHosts(hosts: readonly ListedHost[], key: ListedCaKey): KeyStanding['hosts'] {
  const has = ({ report }: ListedHost) =>
    report?.trusts.some((trusted) => trusted.purpose === key.purpose && trusted.key === key.name) === true;
  const namesOf = (some: readonly ListedHost[]) => some.map(({ host }) => host);
  return { having: namesOf(hosts.filter(has)), lacking: namesOf(hosts.filter((host) => !has(host))) };
}

function nextStep(purpose: Purpose, keys: readonly KeyStanding[], now: number): string {
  const inState = (state: ListedCaKey['state']) => keys.find(({ key }) => key.state === state);
  const coming = inState('coming');
  if (coming !== undefined) return afterStaging(purpose, coming, inState('active') !== undefined, now);
  const retired = inState('retired');
  if (retired !== undefined) return afterActivating(purpose, retired);
  return `to replace the key: usher ca rotate ${purpose} --stage`;
}

/** Where no key signs any more there is nothing to wait with: what hosts show counts no longer. */
function afterStaging(
  purpose: Purpose,
  { key, hosts }: KeyStanding,
  isOneActive: boolean,
  now: number,
): string {
  const activate = `usher ca rotate ${purpose} --activate`;
  if (hosts === undefined) {
    const from = clientsHaveIt(key);
    return !isOneActive || now >= from
      ? activate
      : `from ${formatTime(from)} on, when every client has it: ${activate}`;
  }
  if (hosts.lacking.length === 0) return activate;
  return `when ${hosts.lacking.join(', ')} have it, too: ${activate}; or without them: --even-without ${hosts.lacking.join(' ')}`;
}

function afterActivating(purpose: Purpose, { key: { certificates } }: KeyStanding): string {
  const retire = `usher ca rotate ${purpose} --retire`;
  if (certificates === 0) return retire;
  const those = certificates === 1 ? 'the certificate' : `the ${certificates} certificates`;
  return `when ${those} of the retired key have ended: ${retire}`;
}
