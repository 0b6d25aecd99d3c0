export type LogErrorCode =
  | 'bad-leaf'
  | 'bad-note'
  | 'bad-checkpoint'
  | 'bad-signature'
  | 'unknown-signer'
  | 'bad-key'
  | 'bad-proof'
  | 'missing-node'
  | 'wrong-origin'
  | 'fork';

/** What is wrong with something that claims to be of the log; `code` is stable, `message` is for people. */
export class LogError extends Error {
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogError';
    this.code = code;
  }
}
