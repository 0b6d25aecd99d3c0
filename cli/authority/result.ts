/** Hands in a touch and waits for what becomes of it. A lost connection loses nothing: the result is kept and asked for again. */
import type { AssertionJson } from '../../src/fido/assertion.ts';
import type { Approvable, AskReply, Issued } from '../../src/http/contract/requests.ts';
import { ResultReply, TouchReply } from '../../src/http/contract/requests.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Client } from './client.ts';

export interface Waited {
  readonly request: Pick<AskReply, 'requestId' | 'pollSecret' | 'expiresAt'>;
  /** Of the checkpoint seen last; the reply proves that the log only grew since. */
  readonly seenSize: number | undefined;
}

/** What the person who asks shows their consent by: a touch, or the signature of their own CA key over a draft. */
export type Consent =
  | { readonly kind: 'touch'; readonly assertion: AssertionJson }
  | { readonly kind: 'signature'; readonly draft: number; readonly signature: string };

/** The certificates; or other people have to answer first. */
export type Answered = Issued | Approvable;

const POLL_MILLISECONDS = 1_000;
/** How much longer than the touch may take its signature may. */
export const SIGNING_SECONDS = 60;
const MAX_SENDINGS = 4;

/** Sends the consent; when no answer came, looks whether it arrived, and sends it again when it did not. */
export async function handIn(
  surroundings: Surroundings,
  client: Client,
  waited: Waited,
  consent: Consent,
): Promise<Answered> {
  for (let sending = 1; sending <= MAX_SENDINGS; sending++) {
    const reply = await send(client, waited, consent);
    const next =
      reply === undefined || reply.state === 'touched' || reply.state === 'pending'
        ? await askResult(client, waited)
        : reply;
    if (next.state === 'issued' || next.state === 'waiting') return next;
    if (next.state === 'signing') return waitForResult(surroundings, client, waited);
  }
  throw new UsherCommandError('unreachable', `${client.origin} did not take the touch`, {
    hint: 'try again: nothing was issued',
  });
}

/** Asks once a second until there is a result, or nobody touched in time. */
export async function waitForResult(
  surroundings: Surroundings,
  client: Client,
  waited: Waited,
): Promise<Answered> {
  for (;;) {
    const reply = await askResult(client, waited);
    if (reply.state === 'issued' || reply.state === 'waiting') return reply;
    const patience = reply.state === 'signing' ? SIGNING_SECONDS : 0;
    if (surroundings.now() > waited.request.expiresAt + patience) throw tooLate(reply.state);
    await surroundings.sleep(POLL_MILLISECONDS);
  }
}

export function askResult(client: Client, { request, seenSize }: Waited): Promise<ResultReply> {
  const body = { pollSecret: request.pollSecret, ...(seenSize === undefined ? {} : { seenSize }) };
  const target = `/v1/requests/${request.requestId}/result`;
  return client.call({ method: 'POST', target, body, reply: ResultReply, repeatable: true });
}

export function tooLate(state: 'pending' | 'signing' | 'waiting'): UsherCommandError {
  const again = { hint: 'type the command again' };
  switch (state) {
    case 'pending':
      return new UsherCommandError('touch-failed', 'nobody touched in time', again);
    case 'waiting':
      return new UsherCommandError('refused', 'nobody approved it in time', again);
    case 'signing':
      return new UsherCommandError('unreachable', 'the authority did not sign in time', {
        hint: 'type the command again; the keeper of the authority finds the reason in its log',
      });
    default:
      return state satisfies never;
  }
}

async function send(
  client: Client,
  { request, seenSize }: Waited,
  consent: Consent,
): Promise<TouchReply | undefined> {
  const seen = seenSize === undefined ? {} : { seenSize };
  const { pollSecret } = request;
  try {
    if (consent.kind === 'touch') {
      const body = { speaker: { pollSecret }, assertion: consent.assertion, ...seen };
      return await client.post(`/v1/requests/${request.requestId}/touch`, body, TouchReply);
    }
    const { draft, signature } = consent;
    const body = { pollSecret, draft, signature, ...seen };
    return await client.post(`/v1/requests/${request.requestId}/signature`, body, TouchReply);
  } catch (error) {
    if (error instanceof UsherCommandError && error.code === 'unreachable') return undefined;
    throw error;
  }
}
