import { parseDuration } from '../../src/ssh/duration.ts';
import { UsherCommandError } from '../error.ts';

/** Seconds, of what stands behind `--for`; undefined: as the role says. @throws UsherCommandError `usage` */
export function lifetimeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  throw new UsherCommandError('usage', `"${text}" is no duration`, { hint: 'write 8h, 90m or 1d' });
}
