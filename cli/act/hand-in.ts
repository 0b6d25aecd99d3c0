/** Hands in the touch of an act and waits for what came of it. A lost connection loses nothing: the result is kept and asked for again. */
import type { AssertionJson } from '../../src/fido/assertion.ts';
import type { ActReply, ActResult } from '../../src/http/contract/acts.ts';
import { ActResultReply, ActTouchReply } from '../../src/http/contract/acts.ts';
import type { Client } from '../authority/client.ts';
import { tooLate } from '../authority/result.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';

type Asked = Pick<ActReply, 'requestId' | 'pollSecret' | 'expiresAt'>;

const POLL_MILLISECONDS = 1_000;
const MAX_SENDINGS = 4;

/** Sends the touch; when no answer came, looks whether it arrived, and sends it again when it did not. */
export async function handInAct(client: Client, asked: Asked, assertion: AssertionJson): Promise<ActResult> {
  for (let sending = 1; sending <= MAX_SENDINGS; sending++) {
    const reply = await send(client, asked, assertion);
    const next = reply?.state === 'done' ? reply : await askResult(client, asked);
    if (next.state === 'done') return next.result;
  }
  throw new UsherCommandError('unreachable', `${client.origin} did not take the touch`, {
    hint: 'try again: nothing was done',
  });
}

/** Asks once a second until the page has answered, or nobody touched in time. */
export async function waitForAct(
  surroundings: Surroundings,
  client: Client,
  asked: Asked,
): Promise<ActResult> {
  for (;;) {
    const reply = await askResult(client, asked);
    if (reply.state === 'done') return reply.result;
    if (surroundings.now() > asked.expiresAt) throw tooLate('pending');
    await surroundings.sleep(POLL_MILLISECONDS);
  }
}

function askResult(client: Client, { requestId, pollSecret }: Asked): Promise<ActResultReply> {
  const target = `/v1/acts/${requestId}/result`;
  return client.call({
    method: 'POST',
    target,
    body: { pollSecret },
    reply: ActResultReply,
    repeatable: true,
  });
}

async function send(
  client: Client,
  { requestId, pollSecret }: Asked,
  assertion: AssertionJson,
): Promise<ActTouchReply | undefined> {
  try {
    const body = { speaker: { pollSecret }, assertion };
    return await client.post(`/v1/acts/${requestId}/touch`, body, ActTouchReply);
  } catch (error) {
    if (error instanceof UsherCommandError && error.code === 'unreachable') return undefined;
    throw error;
  }
}
