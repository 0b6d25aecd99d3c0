/** Whose security keys sign for sudo: said by those keys, kept here for hosts to fetch. */
import type { Authority } from '../../authority/authority.ts';
import { publishStatement } from '../../authority/sudo-statement.ts';
import { callerOf } from '../caller.ts';
import { Done, SudoStatementBody } from '../contract/hosts.ts';
import { Problem } from '../contract/problem.ts';
import { keepBodies } from '../signed-body.ts';
import type { Http } from '../types.ts';

export function sudoStatementRoute(http: Http, authority: Authority): void {
  http.register(async (scope: Http) => {
    keepBodies(scope);
    scope.post(
      '/v1/sudo-ca-statement',
      { schema: { body: SudoStatementBody, response: { 204: Done, default: Problem } } },
      async (request, reply) => {
        await callerOf(authority, request);
        await publishStatement(authority, request.body.statement);
        return reply.code(204).send(null);
      },
    );
  });
}
