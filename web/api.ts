/** The authority as the pages see it. A refusal is a value; so is a connection that failed, because it can be tried again. */
import type { Answer } from '../src/fido/touch-digest.ts';
import type { ActTouchReply } from '../src/http/contract/acts.ts';
import type { AnswerReply, ViewReply } from '../src/http/contract/approvals.ts';
import type { BundleReply } from '../src/http/contract/bundle.ts';
import type {
  ConfirmReply,
  InviteReply,
  OfferReply,
  WebauthnOffer,
} from '../src/http/contract/enrolments.ts';
import type { Assertion } from '../src/http/contract/fields.ts';
import type { PageReply, ReviewReply } from '../src/http/contract/pages.ts';
import type { Problem } from '../src/http/contract/problem.ts';
import type { TouchReply } from '../src/http/contract/requests.ts';

export type Refusal = Pick<Problem, 'code' | 'title' | 'detail' | 'access'>;

export type Reply<T> =
  /** `serverTime`: Unix seconds by the authority's clock, when the reply told them. */
  | { readonly kind: 'ok'; readonly value: T; readonly serverTime?: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'unavailable'; readonly detail: string };

/** What somebody says to another person's request, with the touch that says it. */
interface GivenAnswer {
  readonly viewSecret: string;
  readonly person: string;
  readonly answer: Answer;
  readonly assertion: Assertion;
}

export interface Api {
  openPage(requestId: string): Promise<Reply<PageReply>>;
  sendCode(requestId: string, pageSecret: string, code: string): Promise<Reply<ReviewReply>>;
  review(requestId: string, pageSecret: string): Promise<Reply<ReviewReply>>;
  touch(requestId: string, pageSecret: string, assertion: Assertion): Promise<Reply<TouchReply>>;
  touchAct(requestId: string, pageSecret: string, assertion: Assertion): Promise<Reply<ActTouchReply>>;
  view(requestId: string, viewSecret: string, person: string): Promise<Reply<ViewReply>>;
  answer(requestId: string, answer: GivenAnswer): Promise<Reply<AnswerReply>>;
  openInvite(invite: string): Promise<Reply<InviteReply>>;
  offer(requestId: string, pollSecret: string, credential: WebauthnOffer): Promise<Reply<OfferReply>>;
  confirm(requestId: string, pollSecret: string, assertion: Assertion): Promise<Reply<ConfirmReply>>;
  bundle(): Promise<Reply<BundleReply>>;
}

const PATIENCE_MS = 20_000;

export function connectApi(fetch: typeof globalThis.fetch): Api {
  const request = (id: string, step: string): string => `/v1/requests/${encodeURIComponent(id)}/${step}`;
  const act = (id: string, step: string): string => `/v1/acts/${encodeURIComponent(id)}/${step}`;
  const approval = (id: string, step: string): string => `/v1/approvals/${encodeURIComponent(id)}/${step}`;
  const enrolment = (id: string, step: string): string => `/v1/enrolments/${encodeURIComponent(id)}/${step}`;
  const post = <T>(path: string, body: object): Promise<Reply<T>> => send<T>(fetch, path, body);
  return {
    openPage: (id) => post(request(id, 'page'), {}),
    sendCode: (id, pageSecret, code) => post(request(id, 'code'), { pageSecret, code }),
    review: (id, pageSecret) => post(request(id, 'review'), { pageSecret }),
    touch: (id, pageSecret, assertion) => post(request(id, 'touch'), { speaker: { pageSecret }, assertion }),
    touchAct: (id, pageSecret, assertion) => post(act(id, 'touch'), { speaker: { pageSecret }, assertion }),
    view: (id, viewSecret, person) => post(approval(id, 'view'), { viewSecret, person }),
    answer: (id, answer) => post(approval(id, 'answer'), answer),
    openInvite: (invite) => post('/v1/enrolments', { invite }),
    offer: (id, pollSecret, credential) => post(enrolment(id, 'offer'), { pollSecret, credential }),
    confirm: (id, pollSecret, assertion) => post(enrolment(id, 'confirm'), { pollSecret, assertion }),
    bundle: () => send(fetch, '/v1/bundle'),
  };
}

async function send<T>(fetch: typeof globalThis.fetch, path: string, body?: object): Promise<Reply<T>> {
  try {
    const response = await fetch(path, requestInit(body));
    return await readReply<T>(response);
  } catch {
    return { kind: 'unavailable', detail: 'The authority did not answer.' };
  }
}

function requestInit(body: object | undefined): RequestInit {
  const common = {
    signal: AbortSignal.timeout(PATIENCE_MS),
    cache: 'no-store',
    credentials: 'omit',
  } as const;
  if (body === undefined) return common;
  const headers = { 'content-type': 'application/json' };
  return { ...common, method: 'POST', headers, body: JSON.stringify(body) };
}

async function readReply<T>(response: Response): Promise<Reply<T>> {
  const json: unknown = await response.json().catch(() => undefined);
  if (response.ok && isRecord(json)) return { kind: 'ok', value: trustedShape(json), ...timeOf(response) };
  const refusal = readProblem(json);
  if (response.status >= 500 || refusal === undefined || refusal.code === 'too-many-requests')
    return {
      kind: 'unavailable',
      detail: refusal?.detail ?? `The authority answered with ${response.status}.`,
    };
  return { kind: 'refused', refusal };
}

function isRecord(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/**
 * The authority serves this page and its own schema shaped the reply, so form is not checked twice; everything that decides
 * what is touched (drafts, origin, ids) is checked where it is read.
 */
function trustedShape<T>(json: Readonly<Record<string, unknown>>): T {
  return json as T; // the one cast at the boundary, for the reason above
}

function readProblem(json: unknown): Refusal | undefined {
  if (!isRecord(json) || typeof json['code'] !== 'string' || typeof json['title'] !== 'string')
    return undefined;
  return trustedShape<Refusal>(json);
}

function timeOf(response: Response): { readonly serverTime?: number } {
  const milliseconds = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(milliseconds) ? {} : { serverTime: Math.floor(milliseconds / 1000) };
}
