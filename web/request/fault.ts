import { base64urlnopad } from '@scure/base';
import type { Faulty } from '../course.ts';

export type ReviewFaultCode =
  | 'wrong-origin'
  | 'other-request'
  | 'other-person'
  | 'other-purpose'
  | 'other-code'
  | 'bad-draft'
  | 'bad-reason'
  | 'bad-act';

/** Why a page refuses to have a request touched: what the authority sent does not agree with what it would show. */
export class ReviewFault extends Error {
  readonly code: ReviewFaultCode;

  constructor(code: ReviewFaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ReviewFault';
    this.code = code;
  }
}

/** As an event of a page's machine. What is thrown by anything else is a reply that can not be read. */
export function faultOf(error: unknown): Faulty<ReviewFaultCode> {
  return error instanceof ReviewFault
    ? { kind: 'faulty', code: error.code, detail: error.message }
    : { kind: 'faulty', code: 'bad-draft', detail: 'The request can not be read.' };
}

/** @throws ReviewFault */
export function decodeBytes(text: string): Uint8Array {
  return refused(() => base64urlnopad.decode(text), 'The request can not be read.');
}

/** Whatever else goes wrong in `read` is a fault of the request as well. */
export function refused<T>(read: () => T, detail: string, code: ReviewFaultCode = 'bad-draft'): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ReviewFault) throw cause;
    throw new ReviewFault(code, detail, { cause });
  }
}
