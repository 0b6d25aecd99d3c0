/** What every touch is asked with: for this authority, and soon. */
import type { AskReply } from '../../src/http/contract/requests.ts';
import { printable } from '../../src/ssh/printable.ts';
import type { Settings } from '../authority/settings.ts';
import { decodeBytes } from '../decode.ts';
import { CLOCK_SLACK_SECONDS, refusedDraft } from './draft-fields.ts';

type Frame = Pick<AskReply, 'origin' | 'rpId' | 'nonce' | 'expiresAt'>;

const MAX_WAIT_SECONDS = 900;

/** @throws UsherCommandError `draft-refused` */
export function checkFrame(
  reply: Frame,
  { origin, rpId }: Pick<Settings, 'origin' | 'rpId'>,
  now: number,
): void {
  if (reply.origin !== origin)
    throw refusedDraft(`the touch would be for ${printable(reply.origin, 100)}, not for ${origin}`);
  if (reply.rpId !== rpId)
    throw refusedDraft(`the touch would be for the RP id ${printable(reply.rpId, 100)}, not ${rpId}`);
  if (decodeBytes(reply.nonce).length !== 32) throw refusedDraft('the nonce does not have 32 bytes');
  if (reply.expiresAt <= now - CLOCK_SLACK_SECONDS || reply.expiresAt > now + MAX_WAIT_SECONDS)
    throw refusedDraft(
      'the time to touch is not within the next minutes',
      'compare your clock: usher doctor',
    );
}
