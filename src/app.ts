/** The HTTP service from ready objects: limits, headers, errors, routes, pages. It opens nothing and listens nowhere. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyHelmet from '@fastify/helmet';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import fastifySwagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastifyUnderPressure from '@fastify/under-pressure';
import Fastify, { LogController } from 'fastify';
import type { Logger } from 'pino';
import manifest from '../package.json' with { type: 'json' };
import type { Authority } from './authority/authority.ts';
import { countBreakGlass } from './authority/break-glass-import.ts';
import { Metrics } from './http/metrics.ts';
import { sendProblem } from './http/problem.ts';
import { actRoutes } from './http/routes/acts.ts';
import { approvalRoutes } from './http/routes/approvals.ts';
import { authorityRoutes } from './http/routes/authority.ts';
import { caKeyRoutes } from './http/routes/ca-keys.ts';
import { certificateRoutes } from './http/routes/certificates.ts';
import { enrolmentRoutes } from './http/routes/enrolments.ts';
import { healthRoutes } from './http/routes/health.ts';
import { hostRoutes } from './http/routes/hosts.ts';
import { krlRoutes } from './http/routes/krl.ts';
import { metricsRoute } from './http/routes/metrics.ts';
import { pageRoutes } from './http/routes/pages.ts';
import { requestRoutes } from './http/routes/requests.ts';
import { sudoStatementRoute } from './http/routes/sudo-statement.ts';
import type { Http } from './http/types.ts';
import { networkOf } from './policy/network.ts';

export interface AppOptions {
  readonly logger: Logger;
  /** Addresses or networks of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  readonly requestsPerMinute: number;
  /** Networks that may read `/metrics`. */
  readonly metricsFrom: readonly string[];
  /** PEM, when the service speaks TLS itself. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Eight RSA 8192 keys with their proofs fit; nothing legitimate is larger. */
const MAX_BODY_BYTES = 131_072;
const MAX_CONNECTIONS = 2000;
/** Of the sockets, which fastify does not set: whoever is slow holds one of the connections. */
const SOCKET_BOUNDS = {
  // A signed call carries a certificate and a signature in its headers.
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  // How often times are looked at; without it, twice a minute.
  connectionsCheckingInterval: 1000,
} as const;

export async function buildApp(authority: Authority, options: AppOptions): Promise<Http> {
  const http = makeServer(options);
  http.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  http.setNotFoundHandler((request, reply) => sendProblem({ statusCode: 404 }, request, reply));
  logAnswers(http);
  await registerLimits(http, options);
  await registerHeaders(http, authority);
  await http.register(fastifySwagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Usher', version: manifest.version } },
  });
  registerRoutes(http, authority, options);
  await registerPages(http);
  return http;
}

function makeServer({ logger, trustedProxies, tls }: AppOptions): Http {
  const settings = {
    loggerInstance: logger,
    // One line a request, by the hook below.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: 15_000,
    connectionTimeout: 30_000,
    keepAliveTimeout: 60_000,
    routerOptions: { maxParamLength: 64 },
    // Strict: what is not in the contract is refused, never removed or converted.
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: false },
    },
  } as const;
  // One cast: fastify types a TLS server differently, and no handler of ours touches the raw server.
  const http = (tls === undefined
    ? Fastify({ ...settings, http: SOCKET_BOUNDS })
    : Fastify({
        ...settings,
        https: { ...SOCKET_BOUNDS, ...tls, minVersion: 'TLSv1.3' },
      })) as unknown as Http;
  http.server.maxConnections = MAX_CONNECTIONS;
  // Any other site's page may send text without asking first; fastify would read it.
  http.removeContentTypeParser('text/plain');
  return http.withTypeProvider<TypeBoxTypeProvider>();
}

/** One line for each answer; what is in bodies and headers is never logged. */
function logAnswers(http: Http): void {
  http.addHook('onResponse', async (request, reply) => {
    const { method, url, ip } = request;
    const { statusCode: status, elapsedTime } = reply;
    request.log.info({ method, url, from: ip, status, ms: Math.round(elapsedTime) }, 'answered');
  });
}

async function registerLimits(http: Http, { requestsPerMinute }: AppOptions): Promise<void> {
  await http.register(fastifyUnderPressure, { maxEventLoopDelay: 2000, retryAfter: 5 });
  await http.register(fastifyRateLimit, {
    max: requestsPerMinute,
    timeWindow: '1 minute',
    // More networks than ask in a minute: those that are forgotten begin anew.
    cache: 65_536,
    keyGenerator: ({ ip }) => networkOf(ip),
  });
}

async function registerHeaders(http: Http, authority: Authority): Promise<void> {
  await http.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        // The page proves over loopback that it is on the command's machine, and is sent back here.
        formAction: ["'self'", 'http://127.0.0.1:*'],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: authority.origin.startsWith('https:') && { maxAge: 31_536_000 },
  });
  http.addHook('onSend', async (request, reply) => {
    if (!request.url.startsWith('/assets/') && !reply.hasHeader('cache-control'))
      reply.header('cache-control', 'no-store');
  });
}

function registerRoutes(http: Http, authority: Authority, { metricsFrom }: AppOptions): void {
  const metrics = new Metrics({
    logSize: async () => (await authority.store.read((tx) => tx.logHead())).size,
    breakGlassCertificates: () => countBreakGlass(authority),
  });
  // After the plugins above, so that their hooks see every route.
  http.after(() => {
    requestRoutes(http, authority, metrics);
    pageRoutes(http, authority);
    actRoutes(http, authority, metrics);
    approvalRoutes(http, authority, metrics);
    enrolmentRoutes(http, authority);
    authorityRoutes(http, authority);
    krlRoutes(http, authority);
    certificateRoutes(http, authority);
    caKeyRoutes(http, authority);
    hostRoutes(http, authority, metrics);
    sudoStatementRoute(http, authority);
    healthRoutes(http, authority);
    metricsRoute(http, metrics, metricsFrom);
    http.get('/openapi.json', { schema: { hide: true } }, async () => http.swagger());
  });
}

/** The built pages: below dist/ in a checkout, beside the compiled sources in a package. */
async function registerPages(http: Http): Promise<void> {
  const places = ['../dist/web/', '../web/'].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const root = places.find((place) => existsSync(`${place}assets`));
  if (root === undefined) return http.log.warn('the pages are not built: npm run build');
  await http.register(fastifyStatic, { root, serve: false });
  http.get('/assets/*', { schema: { hide: true } }, (request, reply) =>
    reply.sendFile(request.url.split('?', 1)[0]?.slice(1) ?? '', { immutable: true, maxAge: '1y' }),
  );
  for (const page of ['touch', 'enroll', 'approve'])
    http.get(`/${page}`, { schema: { hide: true } }, (_request, reply) => reply.sendFile(`${page}.html`));
}
