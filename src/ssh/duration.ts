/** Spans of time as people write them: `90m`, `8h`, `20h`, `1d`. One number, one unit. Runs in browsers too. */
const SECONDS_OF = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;
type Unit = keyof typeof SECONDS_OF;
const UNITS = ['d', 'h', 'm', 's'] as const satisfies readonly Unit[];

/** What `parseDuration` accepts, for schemas: no zero, no sign, no blanks, at most six digits. */
export const DURATION_PATTERN = '^[1-9][0-9]{0,5}[smhd]$';
const DURATION = /^(?<count>[1-9][0-9]{0,5})(?<unit>[smhd])$/;

/** @returns whole seconds, at least 1, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const groups = DURATION.exec(text)?.groups;
  const unit = UNITS.find((name) => name === groups?.['unit']);
  return unit === undefined ? undefined : Number(groups?.['count']) * SECONDS_OF[unit];
}

/**
 * The shortest exact form of a number of seconds: 5400 is `90m`, 86400 is `1d`.
 * @throws TypeError for what `parseDuration` could never have returned.
 */
export function formatDuration(seconds: number): string {
  if (!Number.isSafeInteger(seconds) || seconds < 1) throw new TypeError('a duration is at least one second');
  const unit = UNITS.find((name) => seconds % SECONDS_OF[name] === 0) ?? 's';
  return `${seconds / SECONDS_OF[unit]}${unit}`;
}
