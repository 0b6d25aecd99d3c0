/** What a pending request asks a person to touch. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Answer } from '../fido/touch-digest.ts';
import { issueAction, touchDigest } from '../fido/touch-digest.ts';
import { approveBy, draftsOf, reasonOf } from './pending-issue.ts';
import type { Credential, PendingAct, PendingEnrolment, PendingIssue, TouchableRequest } from './records.ts';

export function requestDigest(origin: string, request: TouchableRequest): Uint8Array {
  return request.action === 'act' ? actDigest(origin, request) : issueDigest(origin, request);
}

export function issueDigest(origin: string, request: PendingIssue): Uint8Array {
  return touchDigest({
    origin,
    action: issueAction(
      draftsOf(request).map((draft) => sha256(draft)),
      reasonOf(request),
    ),
    requestId: request.id,
    nonce: request.nonce,
    expiresAt: request.expiresAt,
  });
}

/** @throws SshError `bad-act` for an act that can not be. */
export function actDigest(origin: string, { act, id, nonce, expiresAt }: PendingAct): Uint8Array {
  return touchDigest({ origin, action: act, requestId: id, nonce, expiresAt });
}

/** What somebody else touches to approve or reject it. */
export function answerDigest(origin: string, request: PendingIssue, answer: Answer): Uint8Array {
  return touchDigest({
    origin,
    action: { kind: answer, requestDigest: issueDigest(origin, request) },
    requestId: request.id,
    nonce: request.nonce,
    expiresAt: approveBy(request),
  });
}

export function enrolmentDigest(
  origin: string,
  request: PendingEnrolment,
  credential: Credential,
): Uint8Array {
  return touchDigest({
    origin,
    action: {
      kind: 'enroll',
      person: request.person,
      credentialId: credential.id,
      publicKey: credential.publicKey,
      inviteId: request.inviteId,
    },
    requestId: request.id,
    nonce: request.nonce,
    expiresAt: request.expiresAt,
  });
}
