/**
 * From the authority's reply to what an approver is shown. The digest of either answer is computed here, over the digest of the
 * request, which is computed from the very drafts and reason that are shown.
 */
import type { Answer } from '../../src/fido/touch-digest.ts';
import { touchDigest } from '../../src/fido/touch-digest.ts';
import type { ViewReply } from '../../src/http/contract/approvals.ts';
import { decodeBytes, ReviewFault, refused } from '../request/fault.ts';
import type { Here } from '../request/place.ts';
import type { ShownRequest } from '../request/request.ts';
import { readRequest } from '../request/request.ts';

export interface View extends ShownRequest {
  /** Of the key that is to be certified, "ABCD-EFGH-JKMN-PQRS": the terminal of who asks shows it while it waits. */
  readonly keyCode: string;
  readonly askedFrom: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly approveBy: number;
  readonly needed: number;
  readonly given: number;
  /** How it is approved: by a touch, or by the signature of a CA key, which no browser can make. */
  readonly approvedBy: ViewReply['answer'];
  readonly rpId: string;
  readonly credentialIds: readonly string[];
  readonly userVerification: ViewReply['userVerification'];
  readonly digests: Readonly<Record<Answer, Uint8Array>>;
}

/** @throws ReviewFault when anything in the reply does not agree with this page, the person, or the rest of it. */
export function readView(reply: ViewReply, here: Here): View {
  const request = readRequest(reply, here);
  const [certificate, ...more] = request.certificates;
  // One key, one code to compare; nothing else is ever approved by others.
  if (certificate?.purpose !== 'sudo' || more.length > 0)
    throw new ReviewFault('other-purpose', 'What is approved is one certificate for sudo, and nothing else.');
  const { keyCode } = certificate;
  const { askedFrom, createdAt, approveBy, needed, given, answer: approvedBy } = reply;
  const { rpId, credentialIds, userVerification } = reply;
  return {
    ...request,
    ...{ keyCode, askedFrom, createdAt, approveBy, needed, given, approvedBy },
    ...{ rpId, credentialIds, userVerification },
    digests: {
      approve: answerDigest('approve', request, reply, here),
      reject: answerDigest('reject', request, reply, here),
    },
  };
}

function answerDigest(kind: Answer, request: ShownRequest, reply: ViewReply, here: Here): Uint8Array {
  const nonce = decodeBytes(reply.nonce);
  const action = { kind, requestDigest: request.digest };
  return refused(
    () => touchDigest({ ...here, action, nonce, expiresAt: reply.approveBy }),
    'The request is not complete.',
  );
}
