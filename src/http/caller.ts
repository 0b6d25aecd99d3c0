import type { FastifyRequest } from 'fastify';
import type { Authority } from '../authority/authority.ts';
import { authenticateCall } from '../authority/call.ts';
import { AuthorityError } from '../authority/error.ts';
import { parseCallHeaders } from '../ssh/signed-call.ts';

/** The person who signed this call, one without a body. @throws AuthorityError `call-not-signed`, `call-refused`, `call-replayed` */
export async function callerOf(
  authority: Authority,
  { headers, method, url: target, ip: from }: FastifyRequest,
): Promise<string> {
  const credentials = parseCallHeaders(headers);
  if (credentials === undefined)
    throw new AuthorityError(
      'call-not-signed',
      'this call must be signed with a login certificate: usher login',
    );
  return authenticateCall(authority, { method, target, from, body: new Uint8Array() }, credentials);
}
