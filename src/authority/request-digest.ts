/** What a pending request asks a person to touch. */
import { sha256 } from '@noble/hashes/sha2.js';
import { touchDigest } from '../fido/touch-digest.ts';
import type { Credential, PendingEnrolment, PendingIssue } from './records.ts';

export function issueDigest(origin: string, request: PendingIssue): Uint8Array {
  return touchDigest({
    origin,
    action: { kind: 'issue', draftHashes: request.certificates.map(({ draft }) => sha256(draft)) },
    requestId: request.id,
    nonce: request.nonce,
    expiresAt: request.expiresAt,
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
