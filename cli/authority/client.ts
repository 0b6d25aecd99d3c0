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
    const { text } = await this.#exchange(call);
    const value = parseJson(text);
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

  /** For calls that are answered without content. */
  async send(target: string, body: unknown): Promise<void> {
    await this.#exchange({ method: 'POST', target, body, repeatable: true });
  }

  /** What the authority's clock says, in Unix seconds, if it says anything. */
  async serverTime(): Promise<number | undefined> {
    const { date } = await this.#exchange({ method: 'GET', target: '/healthz', repeatable: true });
    const milliseconds = date === null ? Number.NaN : Date.parse(date);
    return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
  }

  async #exchange(call: Omit<Call<TSchema>, 'reply'>): Promise<{ text: string; date: string | null }> {
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

  async #once(call: Omit<Call<TSchema>, 'reply'>): Promise<{ text: string; date: string | null }> {
    const { response, text } = await this.#transfer(call);
    if (response.ok) return { text, date: response.headers.get('date') };
    throw refusal(this.origin, response.status, parseJson(text));
  }

  async #transfer(call: Omit<Call<TSchema>, 'reply'>): Promise<{ response: Response; text: string }> {
    try {
      const response = await this.#surroundings.fetch(`${this.origin}${call.target}`, requestOf(call));
      return { response, text: await readBounded(this.origin, response) };
    } catch (cause) {
      if (cause instanceof UsherCommandError) throw cause;
      throw new UsherCommandError('unreachable', `${this.origin} can not be reached: ${reasonOf(cause)}`, {
        cause,
        hint: 'check your connection and the address; usher doctor looks closer',
      });
    }
  }
}

function requestOf({ method, body, headers }: Omit<Call<TSchema>, 'reply'>): RequestInit {
  return {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // A redirect would take the request, with its secrets, to an address that nobody pinned.
    redirect: 'error',
    signal: AbortSignal.timeout(TIME_LIMIT_MILLISECONDS),
  };
}

async function readBounded(origin: string, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_REPLY_BYTES) throw badReply(origin, `has more than ${MAX_REPLY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
