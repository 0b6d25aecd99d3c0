/** Hands in a touch and waits for the certificates. A lost connection loses nothing: the result is kept and asked for again. */
import type { AssertionJson } from '../src/fido/assertion.ts';
import type { AskReply, Issued } from '../src/http/contract.ts';
import { ResultReply, TouchReply } from '../src/http/contract.ts';
import type { Client } from './client.ts';
import { UsherCommandError } from './error.ts';
import type { Surroundings } from './surroundings.ts';

export interface Waited {
  readonly request: Pick<AskReply, 'requestId' | 'pollSecret' | 'expiresAt'>;
  /** Of the checkpoint seen last; the reply proves that the log only grew since. */
  readonly seenSize: number | undefined;
}

const POLL_MILLISECONDS = 1_000;
/** How much longer than the touch may take its signature may. */
const SIGNING_SECONDS = 60;
const MAX_SENDINGS = 4;

/** Sends the touch; when no answer came, looks whether it arrived, and sends it again when it did not. */
export async function handIn(
  surroundings: Surroundings,
  client: Client,
  waited: Waited,
  assertion: AssertionJson,
): Promise<Issued> {
  for (let sending = 1; sending <= MAX_SENDINGS; sending++) {
    const reply = await sendTouch(client, waited, assertion);
    if (reply?.state === 'issued') return reply;
    const next = reply?.state === 'signing' ? reply : await askResult(client, waited);
    if (next.state === 'issued') return next;
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
): Promise<Issued> {
  for (;;) {
    const reply = await askResult(client, waited);
    if (reply.state === 'issued') return reply;
    const patience = reply.state === 'signing' ? SIGNING_SECONDS : 0;
    if (surroundings.now() > waited.request.expiresAt + patience) throw tooLate(reply.state);
    await surroundings.sleep(POLL_MILLISECONDS);
  }
}

async function sendTouch(
  client: Client,
  { request, seenSize }: Waited,
  assertion: AssertionJson,
): Promise<TouchReply | undefined> {
  const speaker = { pollSecret: request.pollSecret };
  const body = { speaker, assertion, ...(seenSize === undefined ? {} : { seenSize }) };
  try {
    return await client.post(`/v1/requests/${request.requestId}/touch`, body, TouchReply);
  } catch (error) {
    if (error instanceof UsherCommandError && error.code === 'unreachable') return undefined;
    throw error;
  }
}

function askResult(client: Client, { request, seenSize }: Waited): Promise<ResultReply> {
  const body = { pollSecret: request.pollSecret, ...(seenSize === undefined ? {} : { seenSize }) };
  const target = `/v1/requests/${request.requestId}/result`;
  return client.call({ method: 'POST', target, body, reply: ResultReply, repeatable: true });
}

function tooLate(state: 'pending' | 'signing' | 'waiting'): UsherCommandError {
  return state === 'pending'
    ? new UsherCommandError('touch-failed', 'nobody touched in time', { hint: 'type the command again' })
    : new UsherCommandError('unreachable', 'the authority did not sign in time', {
        hint: 'type the command again; the keeper of the authority finds the reason in its log',
      });
}
