/** What ends a command of `usherd`: one line of message, perhaps one of advice. Never holds a secret. */
export class CommandError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.name = 'CommandError';
    this.hint = options.hint;
  }
}

/** Our own errors have codes, too, and so have Node's. */
const SYSTEM_CODE = /^E[A-Z0-9]+$/;

/** The code of a failed system call, like `ENOENT`, or undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return SYSTEM_CODE.test(error.code) ? error.code : undefined;
}
