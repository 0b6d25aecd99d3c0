/** What somebody says a sudo certificate is for: approvers read it and the log keeps it. Runs in browsers too. */

export const MAX_REASON_LENGTH = 200;

/** Printable ASCII without a blank at either end, so that what is shown is what was signed. Empty: none was given. */
export const REASON_PATTERN = '^([\\x21-\\x7e]([\\x20-\\x7e]*[\\x21-\\x7e])?)?$';

const EXPRESSION = new RegExp(REASON_PATTERN);

export function isReason(text: string): boolean {
  return text.length <= MAX_REASON_LENGTH && EXPRESSION.test(text);
}
