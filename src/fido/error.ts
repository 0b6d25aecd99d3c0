export type FidoErrorCode =
  | 'malformed'
  | 'too-long'
  | 'unsupported-algorithm'
  | 'bad-key'
  | 'wrong-type'
  | 'challenge-mismatch'
  | 'origin-mismatch'
  | 'cross-origin'
  | 'rp-mismatch'
  | 'unknown-credential'
  | 'user-mismatch'
  | 'not-present'
  | 'not-verified'
  | 'bad-flags'
  | 'bad-signature'
  | 'counter-rollback'
  | 'key-mismatch'
  | 'unsupported-format'
  | 'attestation-missing'
  | 'attestation-untrusted'
  | 'aaguid-not-allowed'
  | 'tool-output';

/** Why an authenticator's answer is not accepted; `code` is stable, `message` is for people and holds no challenge. */
export class FidoError extends Error {
  readonly code: FidoErrorCode;

  constructor(code: FidoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FidoError';
    this.code = code;
  }
}
