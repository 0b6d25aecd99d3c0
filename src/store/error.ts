export type StoreErrorCode =
  /** The database can not be read or written now: a full or read-only disk, a lock that nobody lets go. */
  | 'unavailable'
  /** The log can not be signed, so nothing may be stored either. */
  | 'can-not-sign'
  /** What is stored contradicts itself: nothing is built on it. */
  | 'corrupt'
  | 'migration-failed'
  | 'duplicate'
  | 'closed';

/** Why the store refused; `code` is stable, `message` is for people and holds nothing that was stored. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}
