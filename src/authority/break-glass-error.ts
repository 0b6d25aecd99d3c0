export type BreakGlassErrorCode =
  /** A name, reason or lifetime that no such certificate may have. */
  | 'bad-request'
  /** All serials of the offline key were used. */
  | 'no-serial-left'
  /** A line of a record that can not be read. */
  | 'bad-record'
  | 'unknown-authority'
  | 'bad-signature'
  | 'bad-serial'
  | 'not-marked'
  | 'bad-lifetime'
  /** It says something else than a certificate for emergencies does. */
  | 'bad-terms'
  /** Another certificate with this serial is in the log. */
  | 'serial-used-twice';

/** Why a certificate for emergencies is not signed, or not entered into the log. */
export class BreakGlassError extends Error {
  readonly code: BreakGlassErrorCode;

  constructor(code: BreakGlassErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BreakGlassError';
    this.code = code;
  }
}
