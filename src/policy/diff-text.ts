import { formatDuration } from '../ssh/duration.ts';
import type { PersonDiff, RosterDiff } from './diff.ts';
import type { Item, Lifetimes } from './diff-items.ts';
import { formatTime } from './time.ts';

/** For people: one block a person, one line for each thing gained (+) or lost (-). */
export function formatRosterDiff({ people }: RosterDiff): string {
  if (people.length === 0) return 'nobody gains or loses anything\n';
  return people.map(formatPerson).join('');
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
      return `${lifetimes(item)}${at(item.hosts)}${item.otherwise === undefined ? '' : ` (${other} ${lifetimes(item.otherwise)})`}`;
    case 'extensions':
      return `${item.extensions.join(', ')}${at(item.hosts)}`;
    case 'source-addresses':
      return `from ${networks(item.networks)}${at(item.hosts)}`;
    case 'touch':
      return `touches without ${item.without}${at(item.hosts)}`;
    case 'authenticators':
      return `security keys of ${authenticators(item)}${at(item.hosts)}`;
    case 'security-key':
      return `security key ${item.fingerprint} ${item.comment}`.trimEnd();
    case 'until':
      return `access ${until(item.until)} (${other} ${until(item.otherwise)})`;
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

function at(hosts: readonly string[]): string {
  return hosts[0] === '*' ? ' everywhere' : ` at ${hosts.join(', ')}`;
}
