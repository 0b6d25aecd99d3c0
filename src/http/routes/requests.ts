/** Requests for certificates, from the question to the release. */
import type { Asked, CertificateQuestion } from '../../authority/ask.ts';
import { ask } from '../../authority/ask.ts';
import type { Authority } from '../../authority/authority.ts';
import { AuthorityError } from '../../authority/error.ts';
import { touchRequest } from '../../authority/issue.ts';
import type { PendingIssue } from '../../authority/records.ts';
import { release, resultOf } from '../../authority/release.ts';
import { decodeBytes, encodeBytes } from '../bytes.ts';
import type { AskReply, CertificateAsked, Issued, ResultReply } from '../contract.ts';
import {
  AskBody,
  AskReply as AskReplySchema,
  Problem,
  RequestParams,
  ResultBody,
  ResultReply as ResultReplySchema,
  TouchBody,
  TouchReply,
} from '../contract.ts';
import type { Metrics } from '../metrics.ts';
import type { Http } from '../types.ts';

export function requestRoutes(http: Http, authority: Authority, metrics: Metrics): void {
  http.post(
    '/v1/requests',
    { schema: { body: AskBody, response: { 201: AskReplySchema, default: Problem } } },
    async ({ body, ip }, reply) => {
      const certificates = body.certificates.map(questionOf);
      const asked = await ask(authority, { person: body.person, certificates, from: ip });
      return reply.code(201).send(askReply(authority, asked));
    },
  );

  http.post(
    '/v1/requests/:id/touch',
    { schema: { params: RequestParams, body: TouchBody, response: { 200: TouchReply, default: Problem } } },
    async ({ params, body }) => {
      const issued = await metrics.timeIssuance(() =>
        touchRequest(authority, params.id, body.speaker, body.assertion),
      );
      if ('pageSecret' in body.speaker) return { state: 'touched' as const };
      return resultReply(authority, issued, body.seenSize ?? 0);
    },
  );

  http.post(
    '/v1/requests/:id/result',
    {
      schema: {
        params: RequestParams,
        body: ResultBody,
        response: { 200: ResultReplySchema, default: Problem },
      },
    },
    async ({ params, body }) => {
      const request = await resultOf(authority, params.id, body.pollSecret);
      return resultReply(authority, request, body.seenSize ?? 0);
    },
  );
}

function questionOf({ key, possession, ...asked }: CertificateAsked): CertificateQuestion {
  const { time, signature } = possession;
  // Until `ask` knows sudo.
  if (asked.purpose === 'sudo') throw new AuthorityError('no-role', 'sudo is not issued yet');
  return { ...asked, key: decodeBytes(key), possession: { time, signature: decodeBytes(signature) } };
}

function askReply(authority: Authority, { request, pollSecret, hints }: Asked): AskReply {
  return {
    requestId: request.id,
    pollSecret,
    origin: authority.origin,
    rpId: authority.rpId,
    nonce: encodeBytes(request.nonce),
    expiresAt: request.expiresAt,
    drafts: request.certificates.map(({ draft }) => encodeBytes(draft)),
    credentialIds: [...hints.credentialIds],
    userVerification: hints.userVerification ? 'required' : 'discouraged',
    approvals: 0,
  };
}

async function resultReply(
  authority: Authority,
  request: PendingIssue,
  seenSize: number,
): Promise<ResultReply> {
  const { kind } = request.state;
  if (kind === 'issued') return issuedReply(authority, request, seenSize);
  return { state: kind === 'signing' ? 'signing' : 'pending' };
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
