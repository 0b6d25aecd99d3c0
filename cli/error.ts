import type { Problem } from '../src/http/contract/problem.ts';

/** What can go wrong in the command, as scripts and tests tell it apart. */
type UsherCommandErrorCode =
  | 'usage'
  | 'not-enrolled'
  | 'bad-settings'
  | 'unreachable'
  | 'bad-reply'
  | 'refused'
  | 'bundle-refused'
  | 'sync-incomplete'
  | 'draft-refused'
  | 'certificate-refused'
  | 'log-refused'
  | 'agent'
  | 'touch-failed'
  | 'key-file'
  | 'interrupted'
  | 'no-certificate'
  | 'bad-roster'
  | 'statement-refused'
  | 'host-file';

/** The exit codes of `usher`; 69 (Node too old) is the launcher's. */
export const EXIT = { ok: 0, failed: 1, usage: 2, noCertificate: 3, interrupted: 130 } as const;

interface UsherCommandErrorOptions extends ErrorOptions {
  /** What the person can do about it, in a sentence that begins small and has no full stop. */
  readonly hint?: string;
  /** The authority's own answer, where it gave one. */
  readonly problem?: Problem;
}

/** What ends a command: one line of message, perhaps one of advice. Never holds a secret. */
export class UsherCommandError extends Error {
  readonly code: UsherCommandErrorCode;
  readonly hint: string | undefined;
  readonly problem: Problem | undefined;

  constructor(code: UsherCommandErrorCode, message: string, options: UsherCommandErrorOptions = {}) {
    super(message, options);
    this.name = 'UsherCommandError';
    this.code = code;
    this.hint = options.hint;
    this.problem = options.problem;
  }

  get exitCode(): number {
    if (this.code === 'usage') return EXIT.usage;
    if (this.code === 'no-certificate') return EXIT.noCertificate;
    return this.code === 'interrupted' ? EXIT.interrupted : EXIT.failed;
  }
}
