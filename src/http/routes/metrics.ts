import { sourceAllows } from '../../policy/source.ts';
import type { Metrics } from '../metrics.ts';
import { sendProblem } from '../problem.ts';
import type { Http } from '../types.ts';

/** How busy an authority is, and how often touches are refused, is for its keeper: to others there is nothing here. */
export function metricsRoute(http: Http, { registry }: Metrics, networks: readonly string[]): void {
  http.get('/metrics', async (request, reply) => {
    if (!sourceAllows(networks.join(), request.ip)) return sendProblem({ statusCode: 404 }, request, reply);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
