/** Errors as RFC 9457 problem documents. The only place that knows status codes. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthorityErrorCode } from '../authority/error.ts';
import { AuthorityError } from '../authority/error.ts';
import type { Access } from '../policy/access.ts';
import { SshError } from '../ssh/error.ts';
import type { Problem } from './contract/problem.ts';

const STATUS: Readonly<Record<AuthorityErrorCode, number>> = {
  'malformed-request': 400,
  'too-many-principals': 400,
  'lifetime-too-short': 400,
  'lifetime-too-long': 403,
  'unknown-person': 403,
  'person-expired': 403,
  'no-role': 403,
  'login-not-allowed': 403,
  'host-unknown': 403,
  'host-not-allowed': 403,
  'conflicting-roles': 403,
  'key-has-role': 403,
  'reason-required': 403,
  'key-not-allowed': 403,
  'policy-changed': 403,
  'no-roster': 503,
  'bad-key': 400,
  'possession-not-proven': 400,
  'clock-skew': 400,
  'unknown-request': 404,
  'request-expired': 410,
  'request-answered': 409,
  'request-rejected': 403,
  'ask-apart': 409,
  'own-request': 403,
  'not-an-approver': 403,
  'already-approved': 409,
  'too-many-waiting': 429,
  'signature-refused': 403,
  'wrong-code': 403,
  'page-not-proven': 409,
  'page-already-proven': 409,
  'touch-refused': 403,
  'user-verification-required': 403,
  'attestation-required': 403,
  'touched-elsewhere': 403,
  'too-many-certificates': 429,
  'ca-key-changed': 409,
  'too-large-to-log': 400,
  'signing-failed': 503,
  'invite-unknown': 403,
  'invite-used': 410,
  'invite-expired': 410,
  'credential-exists': 409,
  'credential-refused': 403,
  'call-not-signed': 401,
  'call-refused': 401,
  'call-replayed': 401,
  'unknown-credential': 404,
  'bad-roster': 400,
  'right-missing': 403,
  'unknown-host': 404,
  'unknown-machine': 403,
  'machine-locked': 403,
  'token-unknown': 403,
  'token-used': 410,
  'token-expired': 410,
  'renewal-refused': 403,
  'host-call-refused': 401,
  'too-many-reports': 429,
  'bundle-changed': 409,
  'nothing-to-revoke': 404,
  'key-revoked': 403,
  'no-ca-key': 503,
  'unknown-ca-key': 404,
  'wrong-ca-state': 409,
  'hosts-lack-key': 409,
  'clients-lack-key': 409,
  'statement-refused': 403,
};

/** Codes that are not refusals of the authority but of HTTP itself. */
const HTTP_TITLES: Readonly<Record<number, readonly [code: string, title: string]>> = {
  400: ['bad-request', 'The request does not fit the contract'],
  404: ['not-found', 'There is nothing at this address'],
  413: ['too-large', 'The request is too large'],
  415: ['unsupported-media-type', 'The body is not of the media type that belongs here'],
  429: ['too-many-requests', 'Too many requests from this address'],
  503: ['overloaded', 'The authority is overloaded or stopping'],
};

export function problemOf(error: unknown): Problem {
  if (error instanceof AuthorityError) return authorityProblem(error);
  if (error instanceof SshError)
    return problem(400, 'bad-request', 'The request does not fit the contract', error.message);
  return httpProblem(error);
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const body = { ...problemOf(error), requestId: request.id };
  if (body.status >= 500) request.log.error({ err: error, code: body.code }, 'failed');
  else request.log.info({ code: body.code, status: body.status, cause: causeOf(error) }, 'refused');
  return reply.code(body.status).type('application/problem+json').send(body);
}

/** The code behind a code, for the keeper of the log only: strangers must not learn why a touch was not good. */
function causeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
}

function authorityProblem({ code, message, access }: AuthorityError): Problem {
  return {
    ...problem(STATUS[code], code, 'The authority refuses this', message),
    ...(access === undefined ? {} : { access: accessJson(access) }),
  };
}

/** What went wrong inside is for the log only; the caller gets the id under which to find it there. */
function httpProblem(error: unknown): Problem {
  const status = statusOf(error);
  const [code, title] = HTTP_TITLES[status] ?? ['internal', 'The authority failed'];
  if (status === 400 && error instanceof Error)
    return problem(status, code, title, error.message.slice(0, 300));
  return problem(code === 'internal' ? 500 : status, code, title);
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500;
  return typeof error.statusCode === 'number' ? error.statusCode : 500;
}

function problem(status: number, code: string, title: string, detail?: string): Problem {
  const body = { type: `urn:usher:problem:${code}`, title, status, code };
  return detail === undefined ? body : { ...body, detail };
}

export function accessJson(access: Access): NonNullable<Problem['access']> {
  const { sudo, logins, hosts, ...rest } = access;
  const login = { ...rest, logins: [...logins], hosts: [...hosts] };
  return sudo === undefined
    ? login
    : { ...login, sudo: { ...sudo, hosts: [...sudo.hosts], names: { ...sudo.names } } };
}
