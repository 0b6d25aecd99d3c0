/** What the touch page says to the authority, and what the command says for it. */
import type { Authority } from '../../authority/authority.ts';
import { enterCode, openPage, reviewRequest, vouchForPage } from '../../authority/page.ts';
import { draftsOf, reasonOf } from '../../authority/pending-issue.ts';
import type { TouchableRequest } from '../../authority/records.ts';
import { touchHints } from '../../authority/touch-hints.ts';
import { actJson } from '../act-json.ts';
import { encodeBytes } from '../bytes.ts';
import { Empty, RequestParams } from '../contract/fields.ts';
import type { ActReview, ReviewReply } from '../contract/pages.ts';
import {
  CodeBody,
  LoopbackBody,
  PageReply,
  ReviewBody,
  ReviewReply as ReviewReplySchema,
} from '../contract/pages.ts';
import { Problem } from '../contract/problem.ts';
import type { Http } from '../types.ts';

export function pageRoutes(http: Http, authority: Authority): void {
  http.post(
    '/v1/requests/:id/page',
    { schema: { params: RequestParams, body: Empty, response: { 201: PageReply, default: Problem } } },
    async ({ params, ip }, reply) => {
      const { pageSecret, request, openedFrom } = await openPage(authority, params.id, ip);
      const { askedFrom, createdAt, expiresAt } = request;
      return reply.code(201).send({ pageSecret, askedFrom, openedFrom, createdAt, expiresAt });
    },
  );

  http.post(
    '/v1/requests/:id/code',
    {
      schema: {
        params: RequestParams,
        body: CodeBody,
        response: { 200: ReviewReplySchema, default: Problem },
      },
    },
    async ({ params, body }) =>
      reviewReply(authority, await enterCode(authority, params.id, body.pageSecret, body.code)),
  );

  http.post(
    '/v1/requests/:id/loopback',
    { schema: { params: RequestParams, body: LoopbackBody, response: { 200: Empty, default: Problem } } },
    async ({ params, body }) => {
      await vouchForPage(authority, params.id, body.pollSecret, body.pageSecret);
      return {};
    },
  );

  http.post(
    '/v1/requests/:id/review',
    {
      schema: {
        params: RequestParams,
        body: ReviewBody,
        response: { 200: ReviewReplySchema, default: Problem },
      },
    },
    async ({ params, body }) =>
      reviewReply(authority, await reviewRequest(authority, params.id, body.pageSecret)),
  );
}

async function reviewReply(authority: Authority, request: TouchableRequest): Promise<ReviewReply> {
  const { page } = request;
  if (page === undefined || page.proof === 'none')
    throw new TypeError('only a proven page reviews a request');
  const hints = await touchHints(authority, request);
  const reviewed: Omit<ActReview, 'act'> = {
    person: request.person,
    askedFrom: request.askedFrom,
    openedFrom: page.openedFrom,
    proof: page.proof,
    requestId: request.id,
    origin: authority.origin,
    rpId: authority.rpId,
    nonce: encodeBytes(request.nonce),
    expiresAt: request.expiresAt,
    credentialIds: [...hints.credentialIds],
    userVerification: hints.userVerification ? 'required' : 'discouraged',
  };
  if (request.action === 'act') return { ...reviewed, act: actJson(request.act) };
  const drafts = draftsOf(request).map(encodeBytes);
  return { ...reviewed, drafts, approvals: hints.approvals, reason: reasonOf(request) };
}
