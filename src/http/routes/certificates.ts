/** A person ends a certificate of the own: with a signed call alone, since nobody gains anything by it. */
import type { Authority } from '../../authority/authority.ts';
import { revokeOwn } from '../../authority/revoke.ts';
import { callerOf } from '../caller.ts';
import { CertificateParams, Revoked, RevokeOwnBody } from '../contract/certificates.ts';
import { Problem } from '../contract/problem.ts';
import { keepBodies } from '../signed-body.ts';
import type { Http } from '../types.ts';

export function certificateRoutes(http: Http, authority: Authority): void {
  http.register(async (scope: Http) => {
    keepBodies(scope);
    scope.post(
      '/v1/certificates/:serial/revoke',
      {
        schema: {
          params: CertificateParams,
          body: RevokeOwnBody,
          response: { 204: Revoked, default: Problem },
        },
      },
      async (request, reply) => {
        const caller = await callerOf(authority, request);
        await revokeOwn(authority, caller, BigInt(request.params.serial), request.body.reason);
        return reply.code(204).send(null);
      },
    );
  });
}
