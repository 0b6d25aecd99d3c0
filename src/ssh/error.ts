export type SshErrorCode =
  | 'truncated'
  | 'trailing-bytes'
  | 'too-long'
  | 'not-canonical'
  | 'bad-utf8'
  | 'unknown-type'
  | 'nested-certificate'
  | 'weak-key'
  | 'bad-key'
  | 'bad-certificate'
  | 'bad-signature'
  | 'bad-armor'
  | 'bad-krl'
  | 'bad-act'
  | 'bad-principal'
  | 'bad-option'
  | 'bad-validity'
  | 'bad-serial'
  | 'bad-key-id'
  | 'needs-passphrase'
  | 'wrong-passphrase'
  | 'agent-failure'
  | 'bad-agent-reply';

/** What is wrong with bytes that claim to be an SSH structure; `code` is stable, `message` is for people. */
export class SshError extends Error {
  readonly code: SshErrorCode;

  constructor(code: SshErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SshError';
    this.code = code;
  }
}
