/** Revocation lists: what hosts and clients fetch, and what anybody may know, since it names serials and fingerprints only. */
import type { FastifyReply } from 'fastify';
import type { Authority } from '../../authority/authority.ts';
import { revocationList } from '../../authority/krl.ts';
import { KrlParams, KrlReply, Unchanged } from '../contract/krl.ts';
import { Problem } from '../contract/problem.ts';
import type { Http } from '../types.ts';

/** A list has up to ten megabytes, and is for everybody. Hosts and commands get it otherwise, by signed calls. */
const MOST_WHOLE_LISTS = { max: 20, timeWindow: '1 minute' };

export function krlRoutes(http: Http, authority: Authority): void {
  const countWhole = http.createRateLimit(MOST_WHOLE_LISTS);
  http.get(
    '/v1/krl/:purpose',
    { schema: { params: KrlParams, response: { 200: KrlReply, 304: Unchanged, default: Problem } } },
    async (request, reply) => {
      const { params, headers } = request;
      const { bytes, tag } = await revocationList(authority, params.purpose);
      // Kept by whoever likes, but asked for each time: an old list lets in who was revoked.
      reply.header('etag', `"${tag}"`).header('cache-control', 'no-cache').type('application/octet-stream');
      if (isKnown(headers['if-none-match'], `"${tag}"`)) return reply.code(304).send(null);
      const limit = await countWhole(request);
      if (!limit.isAllowed && limit.isExceeded) return refuse(reply, limit.ttlInSeconds);
      return reply.send(bytes);
    },
  );
}

function refuse(reply: FastifyReply, seconds: number): never {
  reply.header('retry-after', seconds);
  throw Object.assign(new Error('too many whole lists'), { statusCode: 429 });
}

/** RFC 9110, section 13.1.2: tags are compared weakly here. */
function isKnown(header: string | undefined, tag: string): boolean {
  const known = (header ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''));
  return known.includes(tag) || known.includes('*');
}
