/** From the authority's reply to what the person reviews. */
import { normalizeCode, touchCode } from '../../src/fido/touch-digest.ts';
import type { ReviewReply } from '../../src/http/contract/pages.ts';
import { ReviewFault } from '../request/fault.ts';
import type { Here, ShownRequest } from '../request/request.ts';
import { readRequest } from '../request/request.ts';

export interface Review extends ShownRequest {
  /** What the terminal that asked shows too, "ABCD-EFGH". */
  readonly code: string;
  readonly proof: ReviewReply['proof'];
  readonly askedFrom: string;
  readonly openedFrom: string;
  readonly expiresAt: number;
  readonly rpId: string;
  readonly credentialIds: readonly string[];
  readonly userVerification: ReviewReply['userVerification'];
  /** How many other people have to approve after the touch. */
  readonly approvals: number;
}

/** @throws ReviewFault when the reply does not fit together, or is not what the code that was typed belongs to. */
export function readReview(reply: ReviewReply, here: Here, typedCode?: string): Review {
  const request = readRequest(reply, here);
  const code = touchCode(request.digest);
  if (typedCode !== undefined && normalizeCode(typedCode) !== normalizeCode(code))
    throw new ReviewFault('other-code', 'What the authority shows here is not what your terminal asked for.');
  return { ...request, code, ...restOf(reply) };
}

function restOf(reply: ReviewReply): Omit<Review, keyof ShownRequest | 'code'> {
  const { proof, askedFrom, openedFrom, expiresAt, rpId, credentialIds, userVerification, approvals } = reply;
  return { proof, askedFrom, openedFrom, expiresAt, rpId, credentialIds, userVerification, approvals };
}
