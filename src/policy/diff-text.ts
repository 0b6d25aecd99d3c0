import { formatDuration } from '../ssh/duration.ts';
import type { Change, PersonDiff, RosterDiff } from './diff.ts';
import type { Item } from './diff-items.ts';
import type { Approvals } from './diff-sudo-items.ts';
import type { Lifetimes, Touched } from './diff-term-items.ts';

import type { Right } from './roster.ts';
import { EVERYWHERE } from './shift.ts';
import { formatTime } from './time.ts';

/** For people: what concerns everybody (!), then one block a person, one line for each thing gained (+) or lost (-). */
export function formatRosterDiff({ changes, people }: RosterDiff): string {
  if (changes.length + people.length === 0) return 'nobody gains or loses anything\n';
  return [...changes.map((change) => `! ${describeChange(change)}\n`), ...people.map(formatPerson)].join('');
}

function describeChange(change: Change): string {
  switch (change.kind) {
    case 'sudo-signer':
      return change.signer === 'touch'
        ? 'SUDO is signed with the security keys of "sudo_ca" now, no more by the authority'
        : 'SUDO is signed by the authority now, no more with security keys of people';
    case 'sudo-name':
      return `host ${change.host} is sudoer@${change.after} now, no more sudoer@${change.before}: its PAM lines have to follow`;
  }
}

const CHANGES = { added: ' is new', removed: ' is removed', changed: '' } as const;

function formatPerson({ person, change, gains, loses }: PersonDiff): string {
  const lines = [
    ...gains.map((item) => `  + ${describe(item, 'was')}`),
    ...loses.map((item) => `  - ${describe(item, 'now')}`),
  ];
  return [`${person}${CHANGES[change]}`, ...lines, ''].join('\n');
}

/** @param other whether the other roster is the one before or the one now */
function describe(item: Item, other: 'was' | 'now'): string {
  switch (item.kind) {
    case 'principals':
      return item.principals.join(', ');
    case 'lifetime':
      return `${purpose(item)}${lifetimes(item)}${at(item.hosts)}${item.otherwise === undefined ? '' : ` (${other} ${lifetimes(item.otherwise)})`}`;
    case 'extensions':
      return `${item.extensions.join(', ')}${at(item.hosts)}`;
    case 'source-addresses':
      return `from ${networks(item.networks)}${at(item.hosts)}`;
    case 'touch':
      return touched(item, `touches without ${item.without}`);
    case 'authenticators':
      return touched(item, `security keys of ${authenticators(item)}`);
    case 'security-key':
      return `security key ${item.fingerprint} ${item.comment}`.trimEnd();
    case 'until':
      return `access ${until(item.until)} (${other} ${until(item.otherwise)})`;
    case 'sudo':
      return `sudo as ${item.logins.join(', ')}${at(item.hosts)}`;
    case 'approvals':
      return `sudo ${approvals(item)}${at(item.hosts)}${item.otherwise === undefined ? '' : ` (${other} ${approvals(item.otherwise)})`}`;
    case 'sudo-without':
      return `sudo without ${item.without}${at(item.hosts)}`;
    case 'approver':
      return `may approve sudo${at(item.hosts)}`;
    case 'rights':
      return `may ${item.rights.map((right) => RIGHTS[right]).join(', ')}`;
    case 'sudo-ca-key':
      return `${CA_KEY[item.state]}: ${item.fingerprint} ${item.comment}`.trimEnd();
  }
}

function lifetimes({ usual, most }: Lifetimes): string {
  return `${formatDuration(usual)}, at most ${formatDuration(most)}`;
}

function networks(texts: readonly string[]): string {
  return texts.join(', ') === '0.0.0.0/0, ::/0' ? 'anywhere' : texts.join(', ');
}

function until(time: number | undefined): string {
  return time === undefined ? 'without end' : `until ${formatTime(time)}`;
}

function authenticators({ models, makers }: Extract<Item, { kind: 'authenticators' }>): string {
  const parts = models.map((model) => `model ${model}`);
  return [...parts, ...(makers === 0 ? [] : [`${makers} makers`])].join(', ');
}

/** A key that hosts trust for sudo is by itself root on each of them, whatever the roster says. */
const CA_KEY = {
  coming: 'A CA KEY FOR SUDO, coming',
  active: 'A CA KEY FOR SUDO, ROOT ON EVERY HOST',
  retired: 'A CA KEY FOR SUDO, retired, trusted until hosts forget it',
} as const;

const RIGHTS: { readonly [R in Right]: string } = {
  hosts: 'invite hosts',
  revoke: 'revoke',
  ca: 'REPLACE THE KEYS THAT SIGN',
};

function touched(item: Touched, what: string): string {
  if (item.purpose === 'act') return `"${item.right}": ${what}`;
  return `${purpose(item)}${what}${at(item.hosts)}`;
}

function approvals({ approvals: count, approvers }: Approvals): string {
  if (count === 0) return 'without approval';
  return `with ${count} approval${count === 1 ? '' : 's'} by ${approvers.join(', ')}`;
}

/** What is said of sign-in goes without a word. */
function purpose(item: { readonly purpose: 'login' | 'sudo' }): string {
  return item.purpose === 'sudo' ? 'sudo: ' : '';
}

function at(hosts: readonly string[]): string {
  const [first, ...others] = hosts.map(hostWords);
  return [hosts[0] === '*' ? ' everywhere' : ` at ${first}`, ...others].join(', ');
}

function hostWords(host: string): string {
  return host === EVERYWHERE ? 'EVERY HOST AT ONCE' : host;
}
