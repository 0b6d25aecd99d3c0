/** What other people are shown of a request that waits, and what they answer. */

import { answerRequest, signRequest } from '../../authority/approve.ts';
import type { Authority } from '../../authority/authority.ts';
import { draftFields } from '../../authority/draft.ts';
import { draftsOf, reasonOf } from '../../authority/pending-issue.ts';
import type { PendingIssue } from '../../authority/records.ts';
import { answerHints } from '../../authority/touch-hints.ts';
import type { Waiting } from '../../authority/waiting.ts';
import { describeWaiting, hasApproved, listApprovals, viewRequest } from '../../authority/waiting.ts';
import { decodeBytes, encodeBytes } from '../bytes.ts';
import { callerOf } from '../caller.ts';
import type { AnswerReply, ViewReply } from '../contract/approvals.ts';
import {
  AnswerBody,
  AnswerReply as AnswerReplySchema,
  ApprovalsReply,
  SignatureBody,
  ViewBody,
  ViewReply as ViewReplySchema,
} from '../contract/approvals.ts';
import { RequestParams } from '../contract/fields.ts';
import { Problem } from '../contract/problem.ts';
import type { Metrics } from '../metrics.ts';
import type { Http } from '../types.ts';

export function approvalRoutes(http: Http, authority: Authority, metrics: Metrics): void {
  listRoute(http, authority);
  viewRoute(http, authority);
  answerRoute(http, authority, metrics);
  signatureRoute(http, authority, metrics);
}

function listRoute(http: Http, authority: Authority): void {
  http.get(
    '/v1/approvals',
    { schema: { response: { 200: ApprovalsReply, default: Problem } } },
    async (request) => {
      const caller = await callerOf(authority, request);
      const waiting = await listApprovals(authority, caller);
      return { requests: waiting.map((one) => listed(one, caller)) };
    },
  );
}

function viewRoute(http: Http, authority: Authority): void {
  http.post(
    '/v1/approvals/:id/view',
    {
      schema: { params: RequestParams, body: ViewBody, response: { 200: ViewReplySchema, default: Problem } },
    },
    async ({ params, body }) =>
      viewReply(authority, await viewRequest(authority, params.id, body.viewSecret), body.person),
  );
}

const ANSWERED = { 200: AnswerReplySchema, default: Problem };

function answerRoute(http: Http, authority: Authority, metrics: Metrics): void {
  http.post(
    '/v1/approvals/:id/answer',
    { schema: { params: RequestParams, body: AnswerBody, response: ANSWERED } },
    async ({ params, body: { viewSecret, person, answer, assertion } }) => {
      const answered = await metrics.timeTouch(() =>
        answerRequest(authority, params.id, viewSecret, person, answer, assertion),
      );
      return answerReply(authority, answered);
    },
  );
}

function signatureRoute(http: Http, authority: Authority, metrics: Metrics): void {
  http.post(
    '/v1/approvals/:id/signature',
    { schema: { params: RequestParams, body: SignatureBody, response: ANSWERED } },
    async ({ params, body: { viewSecret, draft, signature } }) => {
      const offered = { draft, signature: decodeBytes(signature) };
      const answered = await metrics.timeTouch(() => signRequest(authority, params.id, viewSecret, offered));
      return answerReply(authority, answered);
    },
  );
}

async function viewReply(authority: Authority, waiting: Waiting, person: string): Promise<ViewReply> {
  const { request } = waiting;
  const { credentialIds, userVerification } = await answerHints(authority, request, person);
  return {
    ...shown(waiting),
    answered: hasApproved(request, person),
    origin: authority.origin,
    rpId: authority.rpId,
    nonce: encodeBytes(request.nonce),
    expiresAt: request.expiresAt,
    drafts: draftsOf(request).map(encodeBytes),
    credentialIds: [...credentialIds],
    userVerification: userVerification ? 'required' : 'discouraged',
  };
}

function shown({ request, approveBy, needed, given, answer }: Waiting) {
  const { id, person, askedFrom, createdAt } = request;
  const reason = reasonOf(request);
  return { requestId: id, person, reason, askedFrom, createdAt, approveBy, needed, given, answer };
}

function listed(waiting: Waiting, caller: string) {
  const { request, viewSecret } = waiting;
  const [draft = new Uint8Array()] = draftsOf(request);
  const { principals, validBefore } = draftFields(draft);
  const lifetime = Number(validBefore) - request.createdAt;
  const answered = hasApproved(request, caller);
  return { ...shown(waiting), viewSecret, answered, principals: [...principals], lifetime };
}

async function answerReply(authority: Authority, request: PendingIssue): Promise<AnswerReply> {
  if (request.state.kind === 'waiting') {
    const { needed, given } = await describeWaiting(authority, request);
    return { state: 'waiting', needed, given };
  }
  return { state: request.state.kind === 'rejected' ? 'rejected' : 'issued' };
}
