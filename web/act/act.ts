/**
 * From the authority's reply to what a page shows of an act. The digest is computed here, from the parameters that are shown, with
 * the address of this very page as origin: a server that shows one act can not have another one touched.
 */
import { base64urlnopad } from '@scure/base';
import { touchDigest } from '../../src/fido/touch-digest.ts';
import type { Act as ActReplied } from '../../src/http/contract/acts.ts';
import type { ActReview as ActReviewReply } from '../../src/http/contract/pages.ts';
import type { Act } from '../../src/ssh/act.ts';
import { isPerson } from '../person-name.ts';
import { decodeBytes, ReviewFault, refused } from '../request/fault.ts';
import type { Here } from '../request/place.ts';
import { checkPlace } from '../request/place.ts';

export interface ShownAct {
  /** Who asks. */
  readonly person: string;
  readonly act: Act;
  /** What the touch signs. */
  readonly digest: Uint8Array;
}

type ActReply = Pick<ActReviewReply, 'requestId' | 'origin' | 'person' | 'act' | 'nonce' | 'expiresAt'>;

/** @throws ReviewFault when it does not belong here, or is an act that this page has no words for. */
export function readAct(reply: ActReply, here: Here): ShownAct {
  checkPlace(reply, here);
  const { person } = reply;
  if (!isPerson(person))
    throw new ReviewFault('other-person', 'The name of the person can not be shown as it is.');
  const act = decodeAct(reply.act);
  return { person, act, digest: refused(() => digestOf(reply, here, act), UNREADABLE, 'bad-act') };
}

const UNREADABLE = 'What is asked for can not be read, so it is not shown and not touched.';

function decodeAct(act: ActReplied): Act {
  if (act.kind !== 'invite-host') return act;
  const { tokenHash } = act;
  return refused(() => ({ ...act, tokenHash: base64urlnopad.decode(tokenHash) }), UNREADABLE, 'bad-act');
}

/** That every parameter is of its grammar, and the kind a known one, is checked with the encoding. */
function digestOf(reply: ActReply, here: Here, action: Act): Uint8Array {
  const { expiresAt } = reply;
  return touchDigest({ ...here, action, nonce: decodeBytes(reply.nonce), expiresAt });
}
