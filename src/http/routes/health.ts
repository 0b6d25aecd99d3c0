import type { Authority } from '../../authority/authority.ts';
import type { ReadinessCheck } from '../../authority/ready.ts';
import { checkReadiness } from '../../authority/ready.ts';
import { Ready } from '../contract/authority.ts';
import type { Http } from '../types.ts';

/** A check signs with every CA key; asking often must not cost more than asking now and then. */
const READY_FOR_SECONDS = 5;

export function healthRoutes(http: Http, authority: Authority): void {
  const readiness = cachedReadiness(authority);

  http.get('/healthz', async () => ({ alive: true }));

  http.get('/readyz', { schema: { response: { 200: Ready, 503: Ready } } }, async (_request, reply) => {
    const checks = await readiness();
    const ready = checks.every(({ ok }) => ok);
    return reply.code(ready ? 200 : 503).send({ ready, checks: [...checks] });
  });
}

function cachedReadiness(authority: Authority): () => Promise<readonly ReadinessCheck[]> {
  let last: { readonly at: number; readonly checks: Promise<readonly ReadinessCheck[]> } | undefined;
  return () => {
    const now = authority.clock.now();
    if (last === undefined || now - last.at >= READY_FOR_SECONDS)
      last = { at: now, checks: checkReadiness(authority) };
    return last.checks;
  };
}
