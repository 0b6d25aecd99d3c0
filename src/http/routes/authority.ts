/** What the authority says of its keys, of its log, and of a caller. */
import { Type } from 'typebox';
import type { Authority } from '../../authority/authority.ts';
import { signBundle } from '../../authority/bundle.ts';
import { describePerson } from '../../authority/me.ts';
import { proveConsistency } from '../../authority/release.ts';
import { encodeBytes } from '../bytes.ts';
import { callerOf } from '../caller.ts';
import { ConsistencyQuery, ConsistencyReply, MeReply } from '../contract/authority.ts';
import { BundleReply } from '../contract/bundle.ts';
import { Problem } from '../contract/problem.ts';
import { accessJson } from '../problem.ts';
import type { Http } from '../types.ts';

export function authorityRoutes(http: Http, authority: Authority): void {
  http.get('/v1/bundle', { schema: { response: { 200: BundleReply, default: Problem } } }, async () => {
    const { statement, signature } = await signBundle(authority);
    return { statement: encodeBytes(statement), signature: encodeBytes(signature) };
  });

  http.get('/v1/me', { schema: { response: { 200: MeReply, default: Problem } } }, async (request) => {
    const caller = await callerOf(authority, request);
    const { person, access, credentials } = await describePerson(authority, caller);
    return {
      person,
      access: accessJson(access),
      credentials: credentials.map(({ id, kind, label, createdAt }) => ({ id, kind, label, createdAt })),
    };
  });

  http.get(
    '/v1/log/checkpoint',
    { schema: { response: { 200: Type.String(), default: Problem } } },
    async (_request, reply) => {
      const head = await authority.store.read((tx) => tx.logHead());
      return reply.type('text/plain; charset=utf-8').send(head.checkpoint);
    },
  );

  http.get(
    '/v1/log/consistency',
    { schema: { querystring: ConsistencyQuery, response: { 200: ConsistencyReply, default: Problem } } },
    async ({ query }) =>
      authority.store.read(async (tx) => {
        const head = await tx.logHead();
        const proof = await proveConsistency(tx, head, Number(query.from));
        return { checkpoint: head.checkpoint, consistencyProof: proof.map(encodeBytes) };
      }),
  );
}
