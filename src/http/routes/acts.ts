/** Acts: what a person does to the authority itself, from the question to the result. */
import type { AskedAct } from '../../authority/act.ts';
import { actResult, askAct, touchAct } from '../../authority/act.ts';
import type { Authority } from '../../authority/authority.ts';
import type { PendingAct } from '../../authority/records.ts';
import { actOf, actResultJson } from '../act-json.ts';
import { encodeBytes } from '../bytes.ts';
import type { ActReply, ActResultReply } from '../contract/acts.ts';
import {
  ActBody,
  ActReply as ActReplySchema,
  ActResultBody,
  ActResultReply as ActResultReplySchema,
  ActTouchBody,
  ActTouchReply,
} from '../contract/acts.ts';
import { RequestParams } from '../contract/fields.ts';
import { Problem } from '../contract/problem.ts';
import type { Metrics } from '../metrics.ts';
import type { Http } from '../types.ts';

type Done = Extract<ActResultReply, { state: 'done' }>;

/** The page is told no more. */
const TOUCHED = { state: 'touched' } as const;

export function actRoutes(http: Http, authority: Authority, metrics: Metrics): void {
  http.post(
    '/v1/acts',
    { schema: { body: ActBody, response: { 201: ActReplySchema, default: Problem } } },
    async ({ body: { person, act }, ip }, reply) => {
      const asked = await askAct(authority, { person, act: actOf(act), from: ip });
      return reply.code(201).send(actReply(authority, asked));
    },
  );

  http.post(
    '/v1/acts/:id/touch',
    {
      schema: {
        params: RequestParams,
        body: ActTouchBody,
        response: { 200: ActTouchReply, default: Problem },
      },
    },
    async ({ params, body: { speaker, assertion } }) => {
      const touched = await metrics.timeTouch(() => touchAct(authority, params.id, speaker, assertion));
      return 'pageSecret' in speaker ? TOUCHED : doneReply(touched);
    },
  );

  http.post(
    '/v1/acts/:id/result',
    {
      schema: {
        params: RequestParams,
        body: ActResultBody,
        response: { 200: ActResultReplySchema, default: Problem },
      },
    },
    async ({ params, body }) => resultReply(await actResult(authority, params.id, body.pollSecret)),
  );
}

function actReply(authority: Authority, { request, pollSecret, hints }: AskedAct): ActReply {
  return {
    requestId: request.id,
    pollSecret,
    origin: authority.origin,
    rpId: authority.rpId,
    nonce: encodeBytes(request.nonce),
    expiresAt: request.expiresAt,
    credentialIds: [...hints.credentialIds],
    userVerification: hints.userVerification ? 'required' : 'discouraged',
  };
}

function resultReply(request: PendingAct): ActResultReply {
  return request.state.kind === 'pending' ? { state: 'pending' } : doneReply(request);
}

function doneReply({ state }: PendingAct): Done {
  if (state.kind !== 'done') throw new TypeError('an act that was touched is carried out or refused');
  return { state: 'done', result: actResultJson(state.result) };
}
