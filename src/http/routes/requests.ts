/** Requests for certificates, from the question to the release. */

import type { Asked, CertificateQuestion } from '../../authority/ask.ts';
import { ask } from '../../authority/ask.ts';
import type { Authority } from '../../authority/authority.ts';
import { signOwnRequest, touchRequest } from '../../authority/issue.ts';
import { draftsOf } from '../../authority/pending-issue.ts';
import type { PendingIssue } from '../../authority/records.ts';
import { release, resultOf } from '../../authority/release.ts';
import { describeWaiting } from '../../authority/waiting.ts';
import { decodeBytes, encodeBytes } from '../bytes.ts';
import { RequestParams } from '../contract/fields.ts';
import { Problem } from '../contract/problem.ts';
import type {
  Approvable,
  AskReply,
  CertificateAsked,
  Issued,
  ResultReply,
  TouchReply,
} from '../contract/requests.ts';
import {
  AskBody,
  AskReply as AskReplySchema,
  OwnSignatureBody,
  ResultBody,
  ResultReply as ResultReplySchema,
  TouchBody,
  TouchReply as TouchReplySchema,
} from '../contract/requests.ts';
import type { Metrics } from '../metrics.ts';
import type { Http } from '../types.ts';

export function requestRoutes(http: Http, authority: Authority, metrics: Metrics): void {
  askRoute(http, authority);
  touchRoute(http, authority, metrics);
  ownSignatureRoute(http, authority, metrics);
  resultRoute(http, authority);
}

function askRoute(http: Http, authority: Authority): void {
  http.post(
    '/v1/requests',
    { schema: { body: AskBody, response: { 201: AskReplySchema, default: Problem } } },
    async ({ body, ip }, reply) => {
      const certificates = body.certificates.map(questionOf);
      const asked = await ask(authority, { person: body.person, certificates, from: ip });
      return reply.code(201).send(askReply(authority, asked));
    },
  );
}

function touchRoute(http: Http, authority: Authority, metrics: Metrics): void {
  http.post(
    '/v1/requests/:id/touch',
    {
      schema: {
        params: RequestParams,
        body: TouchBody,
        response: { 200: TouchReplySchema, default: Problem },
      },
    },
    async ({ params, body: { speaker, assertion, seenSize = 0 } }) => {
      const touched = await metrics.timeTouch(() => touchRequest(authority, params.id, speaker, assertion));
      return 'pageSecret' in speaker
        ? pageReply(authority, touched)
        : resultReply(authority, touched, seenSize);
    },
  );
}

const RESULT = { 200: ResultReplySchema, default: Problem };

function ownSignatureRoute(http: Http, authority: Authority, metrics: Metrics): void {
  http.post(
    '/v1/requests/:id/signature',
    { schema: { params: RequestParams, body: OwnSignatureBody, response: RESULT } },
    async ({ params, body: { pollSecret, draft, signature, seenSize = 0 } }) => {
      const offered = { draft, signature: decodeBytes(signature) };
      const signed = await metrics.timeTouch(() => signOwnRequest(authority, params.id, pollSecret, offered));
      return resultReply(authority, signed, seenSize);
    },
  );
}

function resultRoute(http: Http, authority: Authority): void {
  http.post(
    '/v1/requests/:id/result',
    { schema: { params: RequestParams, body: ResultBody, response: RESULT } },
    async ({ params, body: { pollSecret, seenSize = 0 } }) =>
      resultReply(authority, await resultOf(authority, params.id, pollSecret), seenSize),
  );
}

function questionOf({ key, possession, ...asked }: CertificateAsked): CertificateQuestion {
  const { time, signature } = possession;
  const shown = { key: decodeBytes(key), possession: { time, signature: decodeBytes(signature) } };
  return asked.purpose === 'login' ? { ...asked, ...shown } : { reason: '', ...asked, ...shown };
}

function askReply(authority: Authority, { request, pollSecret, hints }: Asked): AskReply {
  return {
    requestId: request.id,
    pollSecret,
    origin: authority.origin,
    rpId: authority.rpId,
    nonce: encodeBytes(request.nonce),
    expiresAt: request.expiresAt,
    drafts: draftsOf(request).map(encodeBytes),
    credentialIds: [...hints.credentialIds],
    userVerification: hints.userVerification ? 'required' : 'discouraged',
    approvals: hints.approvals,
  };
}

async function resultReply(
  authority: Authority,
  request: PendingIssue,
  seenSize: number,
): Promise<ResultReply> {
  const { kind } = request.state;
  if (kind === 'issued') return issuedReply(authority, request, seenSize);
  if (kind === 'waiting') return waitingReply(authority, request);
  return { state: kind === 'signing' ? 'signing' : 'pending' };
}

/** A page gets no certificate. */
async function pageReply(authority: Authority, request: PendingIssue): Promise<TouchReply> {
  return request.state.kind === 'waiting' ? waitingReply(authority, request) : { state: 'touched' };
}

/** The address is for the person to send to whoever may approve. */
async function waitingReply(authority: Authority, request: PendingIssue): Promise<Approvable> {
  const { needed, given, approveBy, viewSecret } = await describeWaiting(authority, request);
  const address = `${authority.origin}/approve#${request.id}.${viewSecret}`;
  return { state: 'waiting', needed, given, approveBy, address };
}

async function issuedReply(authority: Authority, request: PendingIssue, seenSize: number): Promise<Issued> {
  const released = await release(authority, request, seenSize);
  return {
    state: 'issued',
    certificates: released.certificates.map(({ purpose, certificate, leafIndex, leaf, inclusionProof }) => ({
      purpose,
      certificate: encodeBytes(certificate),
      leafIndex,
      leaf: encodeBytes(leaf),
      inclusionProof: inclusionProof.map(encodeBytes),
    })),
    checkpoint: released.checkpoint,
    consistencyProof: released.consistencyProof.map(encodeBytes),
  };
}
