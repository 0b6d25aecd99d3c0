import { isReason, MAX_REASON_LENGTH } from '../../src/ssh/reason.ts';
import { UsherCommandError } from '../error.ts';

/** What ends the trust in something is looked at years later: why is never left open. @throws UsherCommandError `usage` */
export function requireReason(reason: string): void {
  if (reason === '' || !isReason(reason))
    throw new UsherCommandError(
      'usage',
      `a reason is needed: at most ${MAX_REASON_LENGTH} printable characters of ASCII`,
      { hint: '--reason "laptop lost on a train"' },
    );
}
