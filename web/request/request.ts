/**
 * From the authority's reply to what a page shows of a request. The digest is computed here, from the bytes that are shown, with
 * the address of this very page as origin: a server that shows one thing can not have another one touched.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { issueAction, touchDigest } from '../../src/fido/touch-digest.ts';
import type { IssueReview } from '../../src/http/contract/pages.ts';
import { isReason } from '../../src/ssh/reason.ts';
import type { ReviewedCertificate } from './draft.ts';
import { reviewDrafts } from './draft.ts';
import { decodeBytes, ReviewFault, refused } from './fault.ts';
import type { Here } from './place.ts';
import { checkPlace } from './place.ts';

/** What every reply about a request tells of it. */
export type RequestReply = Pick<
  IssueReview,
  'requestId' | 'origin' | 'person' | 'reason' | 'nonce' | 'expiresAt' | 'drafts'
>;

export interface ShownRequest {
  /** Who asks. */
  readonly person: string;
  /** Empty: none was given. */
  readonly reason: string;
  readonly certificates: readonly ReviewedCertificate[];
  /** What the touch of who asks signs. */
  readonly digest: Uint8Array;
}

/** @throws ReviewFault when anything in the reply does not agree with this page, the person, or the other drafts. */
export function readRequest(reply: RequestReply, here: Here): ShownRequest {
  checkPlace(reply, here);
  if (!isReason(reply.reason))
    throw new ReviewFault('bad-reason', 'The reason that was given can not be shown as it is.');
  const { person, reason } = reply;
  const drafts = reply.drafts.map(decodeBytes);
  const certificates = refused(() => reviewDrafts(drafts, person, here.requestId), UNREADABLE);
  const digest = refused(() => digestOf(reply, here, drafts), 'The request is not complete.');
  return { person, reason, certificates, digest };
}

const UNREADABLE = 'A draft can not be read, so it is not shown and not touched.';

function digestOf(reply: RequestReply, here: Here, drafts: readonly Uint8Array[]): Uint8Array {
  const hashes = drafts.map((draft) => sha256(draft));
  return touchDigest({
    ...here,
    action: issueAction(hashes, reply.reason),
    nonce: decodeBytes(reply.nonce),
    expiresAt: reply.expiresAt,
  });
}
