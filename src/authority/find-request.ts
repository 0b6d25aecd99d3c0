/** Finds a pending request for somebody who shows a secret of it. */
import { AuthorityError } from './error.ts';
import type { StoreReader } from './ports.ts';
import type {
  PendingAct,
  PendingEnrolment,
  PendingIssue,
  PendingRequest,
  RequestId,
  TouchableRequest,
} from './records.ts';
import { isSecret } from './secrets.ts';

/** Who speaks for a request: its command, or the page that was opened for it. */
export type Speaker = { readonly pollSecret: string } | { readonly pageSecret: string };

/** @throws AuthorityError `unknown-request`, the same for a wrong secret as for no request at all. */
export async function findIssue(tx: StoreReader, id: RequestId, speaker: Speaker): Promise<PendingIssue> {
  const request = await find(tx, id, speaker);
  if (request.action !== 'issue') throw unknown();
  return request;
}

export async function findAct(tx: StoreReader, id: RequestId, speaker: Speaker): Promise<PendingAct> {
  const request = await find(tx, id, speaker);
  if (request.action !== 'act') throw unknown();
  return request;
}

export async function findTouchable(
  tx: StoreReader,
  id: RequestId,
  speaker: Speaker,
): Promise<TouchableRequest> {
  const request = await find(tx, id, speaker);
  if (request.action === 'enroll') throw unknown();
  return request;
}

export async function findEnrolment(
  tx: StoreReader,
  id: RequestId,
  pollSecret: string,
): Promise<PendingEnrolment> {
  const request = await find(tx, id, { pollSecret });
  if (request.action !== 'enroll') throw unknown();
  return request;
}

async function find(tx: StoreReader, id: RequestId, speaker: Speaker): Promise<PendingRequest> {
  const request = await tx.findRequest(id);
  if (request === undefined || !isSpeaker(request, speaker)) throw unknown();
  return request;
}

function isSpeaker(request: PendingRequest, speaker: Speaker): boolean {
  if ('pollSecret' in speaker) return isSecret(speaker.pollSecret, request.pollSecretHash);
  return request.page !== undefined && isSecret(speaker.pageSecret, request.page.secretHash);
}

function unknown(): AuthorityError {
  return new AuthorityError('unknown-request', 'there is no such request, or it is not yours: ask again');
}
