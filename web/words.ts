/** What certificates say, in words for people. */

const EXTENSIONS: Readonly<Record<string, string>> = {
  'permit-pty': 'a terminal',
  'permit-agent-forwarding': 'agent forwarding',
  'permit-port-forwarding': 'port forwarding',
  'permit-X11-forwarding': 'X11 forwarding',
  'permit-user-rc': 'running ~/.ssh/rc',
};

/** A name that we have no words for stands for itself: nothing that a draft says is left out. */
export function extensionInWords(name: string): string {
  return EXTENSIONS[name] ?? name;
}

/** 72000 → "20 hours", 5400 → "1 hour 30 minutes". Exact: seconds are named when there are any. */
export function lifetimeInWords(seconds: number): string {
  const parts = [
    counted(Math.floor(seconds / 3600), 'hour'),
    counted(Math.floor((seconds % 3600) / 60), 'minute'),
    counted(seconds % 60, 'second'),
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'no time' : parts.join(' ');
}

/** "a", "a and b", "a, b and c". */
export function listInWords(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** As `listInWords`, but never a sentence that nobody reads: many are counted, and listed elsewhere. */
export function briefListInWords(items: readonly string[], noun: string): string {
  return isBrief(items) ? listInWords(items) : `${items.length} ${noun}`;
}

export function isBrief(items: readonly string[]): boolean {
  return items.length <= 4;
}

/** A reason as the authority words it (small letters, no full stop) as a sentence on a page. */
export function asSentence(reason: string): string {
  const [first = ''] = reason;
  return `${first.toUpperCase()}${reason.slice(first.length)}${/[.!?]$/.test(reason) ? '' : '.'}`;
}

/** A moment by the clock on the wall, with its zone: `timeZone` is the browser's own unless given. */
export function momentInWords(unixSeconds: number, timeZone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    ...(timeZone === undefined ? {} : { timeZone }),
  }).format(new Date(unixSeconds * 1000));
}

/** 92 → "1:32", 5400 → "1:30:00". */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  return whole < 3600
    ? `${minutes}:${twoDigits(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${twoDigits(minutes % 60)}:${twoDigits(whole % 60)}`;
}

/** "one other person has", "2 other people have". */
export function othersInWords(count: number): string {
  return count === 1 ? 'one other person has' : `${count} other people have`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

function counted(count: number, unit: string): string {
  if (count === 0) return '';
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
