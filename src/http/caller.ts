import type { FastifyRequest } from 'fastify';
import type { Authority } from '../authority/authority.ts';
import { authenticateCall } from '../authority/call.ts';
import { AuthorityError } from '../authority/error.ts';
import { parseCallHeaders } from '../ssh/signed-call.ts';
import { bodyOf } from './signed-body.ts';

/** The person who signed this call, with its body if that was kept (`signed-body.ts`). @throws AuthorityError `call-not-signed`, `call-refused`, `call-replayed` */
export async function callerOf(authority: Authority, request: FastifyRequest): Promise<string> {
  const { headers, method, url: target, ip: from } = request;
  const credentials = parseCallHeaders(headers);
  if (credentials === undefined)
    throw new AuthorityError(
      'call-not-signed',
      'this call must be signed with a login certificate: usher login',
    );
  return authenticateCall(authority, { method, target, from, body: bodyOf(request) }, credentials);
}
