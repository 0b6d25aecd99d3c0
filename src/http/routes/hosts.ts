/** Hosts enrol, renew, fetch and report. They sign what they send, in a form that a shell script can write. */
import type { FastifyRequest } from 'fastify';
import type { Bell } from '../../authority/alarm.ts';
import type { Authority } from '../../authority/authority.ts';
import { hostFiles, signHostBundle } from '../../authority/host-bundle.ts';
import { receiveReport } from '../../authority/host-report.ts';
import { certifyHost } from '../../authority/machine-certificates.ts';
import {
  ArchiveReply,
  CertificatesBody,
  Done,
  FetchBody,
  FilesParams,
  HOST_MEDIA_TYPE,
  ReportBody,
  TextReply,
} from '../contract/hosts.ts';
import { Problem } from '../contract/problem.ts';
import type { Metrics } from '../metrics.ts';
import type { Http } from '../types.ts';

/** The longest document; a body is measured before it is read. */
const MAX_BODY_BYTES = 65_536;
const TEXT = 'text/plain; charset=utf-8';

export function hostRoutes(http: Http, authority: Authority, metrics: Metrics): void {
  http.register(async (scope: Http) => {
    readDocumentsOnly(scope);
    certificateRoute(scope, authority, metrics);
    bundleRoutes(scope, authority);
    reportRoute(scope, authority, metrics);
  });
}

/** A media type of its own: no page of another site may send it without asking first. */
function readDocumentsOnly(scope: Http): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    HOST_MEDIA_TYPE,
    { parseAs: 'string', bodyLimit: MAX_BODY_BYTES },
    (_request, body, done) => done(null, body),
  );
}

function certificateRoute(scope: Http, authority: Authority, metrics: Metrics): void {
  scope.post(
    '/v1/hosts/certificates',
    {
      schema: {
        consumes: [HOST_MEDIA_TYPE],
        body: CertificatesBody,
        response: { 200: TextReply, default: Problem },
      },
    },
    async (request, reply) => {
      const text = await certifyHost(authority, request.body, bellOf(request, metrics));
      return reply.type(TEXT).send(text);
    },
  );
}

function bundleRoutes(scope: Http, authority: Authority): void {
  scope.post(
    '/v1/hosts/bundle',
    {
      schema: {
        consumes: [HOST_MEDIA_TYPE],
        body: FetchBody,
        response: { 200: TextReply, default: Problem },
      },
    },
    async ({ body }, reply) => reply.type(TEXT).send(await signHostBundle(authority, body)),
  );

  scope.post(
    '/v1/hosts/files/:hash',
    {
      schema: {
        consumes: [HOST_MEDIA_TYPE],
        params: FilesParams,
        body: FetchBody,
        response: { 200: ArchiveReply, default: Problem },
      },
    },
    async ({ body, params }, reply) => {
      const bytes = await hostFiles(authority, body, params.hash);
      return reply.type('application/x-tar').send(Buffer.from(bytes));
    },
  );
}

function reportRoute(scope: Http, authority: Authority, metrics: Metrics): void {
  scope.post(
    '/v1/hosts/report',
    { schema: { consumes: [HOST_MEDIA_TYPE], body: ReportBody, response: { 204: Done, default: Problem } } },
    async (request, reply) => {
      await receiveReport(authority, request.body, bellOf(request, metrics));
      return reply.code(204).send(null);
    },
  );
}

/** Whoever watches the service sees it in either place. */
function bellOf({ log }: FastifyRequest, metrics: Metrics): Bell {
  return (alarm) => {
    metrics.countAlarm(alarm);
    log.warn({ alarm: alarm.what, host: alarm.host, detail: alarm.detail }, 'ALARM');
  };
}
