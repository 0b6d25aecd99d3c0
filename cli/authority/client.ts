/**
 * Talks to one authority. Nothing of a reply is believed before it is bounded, decoded and checked with the contract's
 * schema; where the connection breaks, calls that change nothing are made again.
 */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { Problem } from '../../src/http/contract/problem.ts';
import { printable } from '../../src/ssh/printable.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { hintFor } from './hints.ts';

interface Call<S extends TSchema> {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly target: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly reply: S;
  /** Whether the call may be made again when no answer came. */
  readonly repeatable: boolean;
}

type Exchange = Omit<Call<TSchema>, 'reply'> & {
  /** Of a body that is sent as the text that it is. */
  readonly contentType?: string;
  readonly maxReplyBytes?: number;
};

interface DocumentCall {
  readonly target: string;
  readonly contentType: string;
  readonly text: string;
  readonly maxReplyBytes: number;
}

interface Answer {
  readonly bytes: Uint8Array;
  /** What the authority's clock says. */
  readonly date: string | null;
}

type ClientSurroundings = Pick<Surroundings, 'fetch' | 'sleep'>;

/** A reply with eight of the largest certificates and their leaves has less. */
const MAX_REPLY_BYTES = 4 * 1024 * 1024;
const TIME_LIMIT_MILLISECONDS = 20_000;
/** Waits before each further try, in milliseconds. */
const RETRY_DELAYS = [250, 1_000, 3_000];
/** Statuses by which a proxy says that it did not reach the authority, or the authority that it is busy. */
const PASSING = new Set([502, 503, 504]);

export class Client {
  readonly origin: string;
  readonly #surroundings: ClientSurroundings;

  constructor(origin: string, surroundings: ClientSurroundings) {
    this.origin = origin;
    this.#surroundings = surroundings;
  }

  /** @throws UsherCommandError `unreachable`, `refused` (with the authority's problem document) or `bad-reply`. */
  async call<S extends TSchema>(call: Call<S>): Promise<Static<S>> {
    const { bytes } = await this.#exchange(call);
    const value = parseJson(bytes);
    if (Value.Check(call.reply, value)) return value;
    throw badReply(this.origin, `to ${call.method} ${pathOf(call.target)} is not as the contract says`);
  }

  async get<S extends TSchema>(
    target: string,
    reply: S,
    headers?: Record<string, string>,
  ): Promise<Static<S>> {
    return this.call({
      method: 'GET',
      target,
      reply,
      repeatable: true,
      ...(headers === undefined ? {} : { headers }),
    });
  }

  async post<S extends TSchema>(target: string, body: unknown, reply: S): Promise<Static<S>> {
    return this.call({ method: 'POST', target, body, reply, repeatable: false });
  }

  /** For calls that are answered without content. A signed one can not be made again: its nonce is used up. */
  async send(target: string, body: unknown, headers?: Record<string, string>): Promise<void> {
    const signed = headers === undefined ? {} : { headers };
    await this.#exchange({ method: 'POST', target, body, repeatable: headers === undefined, ...signed });
  }

  /** Sends a text that is whole by itself, once: whether it may be sent again, it says. @returns what comes back, which is no JSON. */
  async sendDocument({ target, contentType, text, maxReplyBytes }: DocumentCall): Promise<Uint8Array> {
    const call = { method: 'POST', target, body: text, repeatable: false } as const;
    const { bytes } = await this.#exchange({ ...call, contentType, maxReplyBytes });
    return bytes;
  }

  /** What the authority's clock says, in Unix seconds, if it says anything. */
  async serverTime(): Promise<number | undefined> {
    const { date } = await this.#exchange({ method: 'GET', target: '/healthz', repeatable: true });
    const milliseconds = date === null ? Number.NaN : Date.parse(date);
    return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
  }

  async #exchange(call: Exchange): Promise<Answer> {
    const delays = call.repeatable ? RETRY_DELAYS : [];
    for (const delay of delays) {
      try {
        return await this.#once(call);
      } catch (error) {
        if (!isPassing(error)) throw error;
        await this.#surroundings.sleep(delay);
      }
    }
    return this.#once(call);
  }

  async #once(call: Exchange): Promise<Answer> {
    const { response, bytes } = await this.#transfer(call);
    if (response.ok) return { bytes, date: response.headers.get('date') };
    throw refusal(this.origin, response.status, parseJson(bytes));
  }

  async #transfer(call: Exchange): Promise<{ response: Response; bytes: Uint8Array }> {
    try {
      const response = await this.#surroundings.fetch(`${this.origin}${call.target}`, requestOf(call));
      const most = call.maxReplyBytes ?? MAX_REPLY_BYTES;
      return { response, bytes: await readBounded(this.origin, response, most) };
    } catch (cause) {
      if (cause instanceof UsherCommandError) throw cause;
      throw new UsherCommandError('unreachable', `${this.origin} can not be reached: ${reasonOf(cause)}`, {
        cause,
        hint: 'check your connection and the address; usher doctor looks closer',
      });
    }
  }
}

/** What is sent of a body: whoever signs it signs these bytes. */
export function bodyText(body: unknown): string {
  return JSON.stringify(body);
}

function requestOf({ method, body, headers, contentType }: Exchange): RequestInit {
  const type = contentType ?? 'application/json';
  return {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: contentType === undefined ? bodyText(body) : String(body) }),
    // A redirect would take the request, with its secrets, to an address that nobody pinned.
    redirect: 'error',
    signal: AbortSignal.timeout(TIME_LIMIT_MILLISECONDS),
  };
}

async function readBounded(origin: string, response: Response, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > most) throw badReply(origin, `has more than ${most} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function refusal(origin: string, status: number, body: unknown): UsherCommandError {
  if (!Value.Check(Problem, body))
    return PASSING.has(status)
      ? new UsherCommandError('unreachable', `${origin} is not available now (status ${status})`)
      : badReply(origin, `has status ${status} and is no problem document`);
  const hint = hintFor(body);
  const options = { problem: body, ...(hint === undefined ? {} : { hint }) };
  return new UsherCommandError('refused', printable(body.detail ?? body.title), options);
}

function badReply(origin: string, what: string): UsherCommandError {
  return new UsherCommandError('bad-reply', `the reply of ${origin} ${what}`, {
    hint: 'is this address an Usher authority, and is this usher as new as the authority?',
  });
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof UsherCommandError)) return false;
  return error.code === 'unreachable' || (error.problem !== undefined && PASSING.has(error.problem.status));
}

/** Node's fetch says only "fetch failed"; the reason is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  if (error.name === 'TimeoutError') return `no answer within ${TIME_LIMIT_MILLISECONDS / 1000} seconds`;
  const cause = error.cause instanceof Error ? error.cause : error;
  return printable(cause.message === '' ? cause.name : cause.message, 200);
}

function pathOf(target: string): string {
  return target.replace(/\?.*$/, '');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
