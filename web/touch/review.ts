/**
 * From the authority's reply to what the person reviews. The digest is computed here, from the bytes that are shown, with the
 * address of this very page as origin: a server that shows one thing can not have another one touched.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { normalizeCode, touchCode, touchDigest } from '../../src/fido/touch-digest.ts';
import type { ReviewReply } from '../../src/http/contract.ts';
import type { ReviewedCertificate } from './draft.ts';
import { reviewDraft } from './draft.ts';
import { ReviewFault } from './fault.ts';

export interface Review {
  readonly person: string;
  readonly certificates: readonly ReviewedCertificate[];
  /** The WebAuthn challenge. */
  readonly digest: Uint8Array;
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

/** Where this page is, and what was typed into it. */
export interface Here {
  readonly origin: string;
  readonly requestId: string;
  readonly typedCode?: string;
}

/** @throws ReviewFault when anything in the reply does not agree with this page, the person, or the other drafts. */
export function readReview(reply: ReviewReply, here: Here): Review {
  if (reply.origin !== here.origin)
    throw new ReviewFault(
      'wrong-origin',
      `The request belongs to ${reply.origin}, this page to ${here.origin}.`,
    );
  if (reply.requestId !== here.requestId)
    throw new ReviewFault('other-request', 'The authority answered with another request.');
  const drafts = reply.drafts.map(decodeBytes);
  const certificates = drafts.map((draft) => readDraft(draft, reply.person, here.requestId));
  const digest = digestOf(reply, here, drafts);
  const code = touchCode(digest);
  if (here.typedCode !== undefined && normalizeCode(here.typedCode) !== normalizeCode(code))
    throw new ReviewFault('other-code', 'What the authority shows here is not what your terminal asked for.');
  return { ...shownOf(reply), certificates, digest, code };
}

function shownOf(reply: ReviewReply): Omit<Review, 'certificates' | 'digest' | 'code'> {
  const { person, proof, askedFrom, openedFrom, expiresAt, rpId, credentialIds, userVerification } = reply;
  return { person, proof, askedFrom, openedFrom, expiresAt, rpId, credentialIds, userVerification };
}

function readDraft(draft: Uint8Array, person: string, requestId: string): ReviewedCertificate {
  try {
    return reviewDraft(draft, person, requestId);
  } catch (cause) {
    if (cause instanceof ReviewFault) throw cause;
    throw new ReviewFault('bad-draft', 'A draft can not be read, so it is not shown and not touched.', {
      cause,
    });
  }
}

function digestOf(reply: ReviewReply, here: Here, drafts: readonly Uint8Array[]): Uint8Array {
  try {
    return touchDigest({
      origin: here.origin,
      action: { kind: 'issue', draftHashes: drafts.map((draft) => sha256(draft)) },
      requestId: here.requestId,
      nonce: decodeBytes(reply.nonce),
      expiresAt: reply.expiresAt,
    });
  } catch (cause) {
    if (cause instanceof ReviewFault) throw cause;
    throw new ReviewFault('bad-draft', 'The request is not complete.', { cause });
  }
}

function decodeBytes(text: string): Uint8Array {
  try {
    return base64urlnopad.decode(text);
  } catch (cause) {
    throw new ReviewFault('bad-draft', 'The request can not be read.', { cause });
  }
}
