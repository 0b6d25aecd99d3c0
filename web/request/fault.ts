export type ReviewFaultCode =
  | 'wrong-origin'
  | 'other-request'
  | 'other-person'
  | 'other-purpose'
  | 'other-code'
  | 'bad-draft'
  | 'bad-reason';

/** Why a page refuses to have a request touched: what the authority sent does not agree with what it would show. */
export class ReviewFault extends Error {
  readonly code: ReviewFaultCode;

  constructor(code: ReviewFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReviewFault';
    this.code = code;
  }
}
