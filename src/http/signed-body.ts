/** The exact bytes of a body, for calls whose signature covers them. */
import type { FastifyRequest } from 'fastify';
import type { Http } from './types.ts';

const BODIES = new WeakMap<FastifyRequest, Uint8Array>();

/** From here on, bodies of this scope are kept as they came, beside what they say. */
export function keepBodies(scope: Http): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    BODIES.set(request, new Uint8Array(body));
    parse(request, body.toString('utf8'), done);
  });
}

/** Empty where there was none, or where it was not kept: then no signature over one is valid. */
export function bodyOf(request: FastifyRequest): Uint8Array {
  return BODIES.get(request) ?? new Uint8Array();
}
