/** Requests of other people that wait for an answer: which ones, and what one of them says. */
import type { Static } from 'typebox';
import { ApprovalsReply, ViewReply } from '../src/http/contract/approvals.ts';
import { requireLogin } from './agent/login-entry.ts';
import type { Enrolled } from './authority/enrolled.ts';
import { signGet } from './authority/signed-call.ts';
import { UsherCommandError } from './error.ts';

export type WaitingRequest = Static<typeof ApprovalsReply>['requests'][number];

/** Whoever has both sees the request; they give no right to answer it. */
export interface ApprovalAddress {
  readonly requestId: string;
  readonly viewSecret: string;
}

const TARGET = '/v1/approvals';
const ID = /^[A-Za-z0-9_-]{22}$/;
const ADDRESS = /^(?<origin>https?:\/\/[^/]+)\/approve#(?<requestId>[\w-]{22})\.(?<viewSecret>[\w-]{43})$/;

/** Those that this person can answer now, oldest first. */
export async function listApprovals(enrolled: Enrolled): Promise<readonly WaitingRequest[]> {
  const entry = await requireLogin(enrolled, '; or take the whole address of the request instead of its id');
  const headers = await signGet(enrolled, entry, TARGET);
  return (await enrolled.client.get(TARGET, ApprovalsReply, headers)).requests;
}

/** @param given the id of a request that is listed for the person, or the address that its command printed */
export async function findApproval(enrolled: Enrolled, given: string): Promise<ApprovalAddress> {
  const { origin, requestId, viewSecret } = ADDRESS.exec(given)?.groups ?? {};
  if (requestId !== undefined && viewSecret !== undefined) {
    if (origin !== enrolled.settings.origin)
      throw new UsherCommandError('usage', `this is an address of ${origin}`, {
        hint: `this command works with ${enrolled.settings.origin}: choose another one with --authority NAME`,
      });
    return { requestId, viewSecret };
  }
  if (!ID.test(given))
    throw new UsherCommandError('usage', `"${given}" is no id of a request`, {
      hint: 'usher approvals lists them; the address that a command printed will do, too',
    });
  const found = (await listApprovals(enrolled)).find((request) => request.requestId === given);
  if (found !== undefined) return { requestId: found.requestId, viewSecret: found.viewSecret };
  throw new UsherCommandError('refused', 'no such request waits for you', {
    hint: 'usher approvals lists those that do; to take back one of your own: usher reject, with the address that its command printed',
  });
}

export function viewApproval(
  { client, settings }: Enrolled,
  { requestId, viewSecret }: ApprovalAddress,
): Promise<ViewReply> {
  const body = { viewSecret, person: settings.person };
  const target = `/v1/approvals/${requestId}/view`;
  return client.call({ method: 'POST', target, body, reply: ViewReply, repeatable: true });
}

export function addressOf({ settings }: Enrolled, { requestId, viewSecret }: ApprovalAddress): string {
  return `${settings.origin}/approve#${requestId}.${viewSecret}`;
}
