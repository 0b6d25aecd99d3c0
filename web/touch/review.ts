/** From the authority's reply to what the person reviews. */
import { normalizeCode, touchCode } from '../../src/fido/touch-digest.ts';
import type { ReviewReply } from '../../src/http/contract/pages.ts';
import type { ShownAct } from '../act/act.ts';
import { readAct } from '../act/act.ts';
import { ReviewFault } from '../request/fault.ts';
import type { Here } from '../request/place.ts';
import type { ShownRequest } from '../request/request.ts';
import { readRequest } from '../request/request.ts';

export type Review = CertificateReview | ActReview;

export interface CertificateReview extends ShownRequest, Frame {
  /** How many other people have to approve after the touch. */
  readonly approvals: number;
}

/** Something that is done to the authority itself. */
export interface ActReview extends ShownAct, Frame {}

interface Frame {
  /** What the terminal that asked shows too, "ABCD-EFGH". */
  readonly code: string;
  readonly proof: ReviewReply['proof'];
  readonly askedFrom: string;
  readonly openedFrom: string;
  readonly expiresAt: number;
  readonly rpId: string;
  readonly credentialIds: readonly string[];
  readonly userVerification: ReviewReply['userVerification'];
}

/** @throws ReviewFault when the reply does not fit together, or is not what the code that was typed belongs to. */
export function readReview(reply: ReviewReply, here: Here, typedCode?: string): Review {
  if ('act' in reply) {
    const act = readAct(reply, here);
    return { ...act, ...frameOf(reply, act.digest, typedCode) };
  }
  const request = readRequest(reply, here);
  return { ...request, ...frameOf(reply, request.digest, typedCode), approvals: reply.approvals };
}

function frameOf(reply: ReviewReply, digest: Uint8Array, typedCode: string | undefined): Frame {
  const code = touchCode(digest);
  if (typedCode !== undefined && normalizeCode(typedCode) !== normalizeCode(code))
    throw new ReviewFault('other-code', 'What the authority shows here is not what your terminal asked for.');
  const { proof, askedFrom, openedFrom, expiresAt, rpId, credentialIds, userVerification } = reply;
  return { code, proof, askedFrom, openedFrom, expiresAt, rpId, credentialIds, userVerification };
}
