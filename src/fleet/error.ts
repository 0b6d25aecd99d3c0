export type FleetErrorCode =
  | 'bad-value'
  | 'no-ca-key'
  | 'shared-ca-key'
  | 'bad-statement'
  | 'bad-signature'
  | 'not-trusted'
  | 'not-touched'
  | 'other-authority'
  | 'old-statement'
  | 'bad-document'
  | 'bad-archive'
  | 'other-host'
  | 'stale-bundle'
  | 'made-in-the-future';

/** Why a file for a host is not made, or not taken over; `code` is stable, `message` is for people. */
export class FleetError extends Error {
  readonly code: FleetErrorCode;

  constructor(code: FleetErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FleetError';
    this.code = code;
  }
}
