/** What a line of pam-ussh (or its absence) in a log means: the causes, in the order to look for them. */
import type { CheckId } from './finding.ts';

export interface LogCause {
  readonly cause: string;
  readonly hint: string;
  /** The check that finds it, where one does. */
  readonly check?: CheckId;
}

export interface LogLine {
  readonly id: string;
  /** The line, or what to ask for when there is none. */
  readonly line: string;
  readonly pattern: RegExp;
  readonly causes: readonly LogCause[];
}

export const LOG_LINES: readonly LogLine[] = [];

/** The rows that explain this text, one line of a log or several, with or without what syslog puts before them; empty when none does. */
export function explainLog(_text: string): readonly LogLine[] {
  throw new TypeError('not built yet');
}
