/** What the bundle key signs has a number: it never goes back, and one number has one content. */
import type { BundleReply } from '../../src/http/contract/bundle.ts';
import { UsherCommandError } from '../error.ts';

interface Numbered {
  readonly reply: BundleReply;
  readonly number: number;
  readonly freshUntil: number;
}

/**
 * Of something just fetched, beside the one seen last.
 * @param what as messages name it
 * @throws UsherCommandError `bundle-refused`
 */
export function acceptNewest(fetched: Numbered, seen: Numbered | undefined, now: number, what: string): void {
  if (seen !== undefined && fetched.number < seen.number)
    throw refused(`${what} is older than the one you saw last (${fetched.number} after ${seen.number})`);
  if (seen?.number === fetched.number && seen.reply.statement !== fetched.reply.statement)
    throw refused(`two different versions of ${what} have the number ${fetched.number}`);
  if (fetched.freshUntil <= now)
    throw refused(
      `${what} is out of date: your clock is ahead, or the authority does not renew it`,
      'set your clock if it is wrong; if it is right, tell the keeper of the authority',
    );
}

function refused(message: string, hint?: string): UsherCommandError {
  return new UsherCommandError('bundle-refused', message, hint === undefined ? {} : { hint });
}
