/** What ends a command of `usherd`: one line of message, perhaps one of advice. Never holds a secret. */
export class CommandError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.name = 'CommandError';
    this.hint = options.hint;
  }
}

/** The code of a failed system call, like `ENOENT`, or undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
