/** What the page does in each state in which it is at work: one call to the outside, one event. */

import type { PageReply, ReviewReply } from '../../src/http/contract.ts';
import type { Api, Reply } from '../api.ts';
import type { Authenticator } from '../authenticator.ts';
import { ReviewFault } from '../request/fault.ts';
import type { WaitingCommand } from './address.ts';
import type { KnownPage, Memory } from './memory.ts';
import { readReview } from './review.ts';
import type {
  AwaitingProof,
  CheckingCode,
  Opening,
  Sending,
  TouchEvent,
  Touching,
  TouchState,
} from './state.ts';

export interface TouchParts {
  readonly api: Api;
  readonly authenticator: Authenticator;
  readonly memory: Memory;
  /** Of this page, `location.origin`. */
  readonly origin: string;
  /** Sends the browser to the command on this machine, with the page's secret in the body. */
  readonly leaveFor: (command: WaitingCommand, pageSecret: string) => void;
  /** Unix seconds by this machine's clock. */
  readonly now: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
}

const PAUSE_MS = 1000;
/** How long to wait for a browser that should be on its way to the command. */
const LEAVING_MS = 5000;

export function workOfTouch(parts: TouchParts): (state: TouchState) => Promise<TouchEvent> | undefined {
  return (state) => {
    switch (state.kind) {
      case 'opening':
        return open(parts, state);
      case 'handing-over':
        parts.leaveFor(state.command, state.page.pageSecret);
        return parts.pause(LEAVING_MS).then(() => ({ kind: 'code-wanted' }));
      case 'awaiting-proof':
        return askForReview(parts, state);
      case 'checking-code':
        return sendCode(parts, state);
      case 'touching':
        return touch(parts, state);
      case 'sending':
        return send(parts, state);
      default:
        return undefined;
    }
  };
}

async function open(parts: TouchParts, { address }: Opening): Promise<TouchEvent> {
  const reply = await parts.api.openPage(address.requestId);
  if (reply.kind !== 'ok') return reply;
  const clockAhead = (reply.serverTime ?? parts.now()) - parts.now();
  const page = knownPage(reply.value, address.command === undefined ? 'code' : 'loopback', clockAhead);
  return { kind: 'opened', page, canReturn: parts.memory.keep(address.requestId, page) };
}

function knownPage(reply: PageReply, way: KnownPage['way'], clockAhead: number): KnownPage {
  const { pageSecret, askedFrom, openedFrom, expiresAt } = reply;
  return { pageSecret, askedFrom, openedFrom, expiresAt, clockAhead, way, wrongCodes: 0 };
}

async function askForReview(parts: TouchParts, state: AwaitingProof): Promise<TouchEvent> {
  if (state.attempts > 0) await parts.pause(PAUSE_MS);
  const reply = await parts.api.review(state.requestId, state.page.pageSecret);
  if (isRefusedWith(reply, 'page-not-proven')) return { kind: 'not-proven' };
  return reviewed(parts, reply, state.requestId, state.page.typedCode);
}

async function sendCode(parts: TouchParts, { requestId, page, code }: CheckingCode): Promise<TouchEvent> {
  const reply = await parts.api.sendCode(requestId, page.pageSecret, code);
  if (isRefusedWith(reply, 'wrong-code')) {
    parts.memory.keep(requestId, { ...page, wrongCodes: page.wrongCodes + 1 });
    return { kind: 'code-wrong' };
  }
  if (reply.kind === 'ok') parts.memory.keep(requestId, { ...page, typedCode: code });
  return reviewed(parts, reply, requestId, code);
}

function reviewed(
  { origin }: TouchParts,
  reply: Reply<ReviewReply>,
  requestId: string,
  typedCode: string | undefined,
): TouchEvent {
  if (reply.kind !== 'ok') return reply;
  try {
    return { kind: 'reviewed', review: readReview(reply.value, { origin, requestId }, typedCode) };
  } catch (fault) {
    if (fault instanceof ReviewFault) return { kind: 'faulty', code: fault.code, detail: fault.message };
    return { kind: 'faulty', code: 'bad-draft', detail: 'The request can not be read.' };
  }
}

async function touch(parts: TouchParts, { page, review }: Touching): Promise<TouchEvent> {
  const secondsLeft = review.expiresAt - (parts.now() + page.clockAhead);
  const answer = await parts.authenticator.touch({
    challenge: review.digest,
    rpId: review.rpId,
    credentialIds: review.credentialIds,
    userVerification: review.userVerification,
    patienceMs: Math.max(1, secondsLeft) * 1000,
  });
  return answer.kind === 'answered'
    ? { kind: 'touched', assertion: answer.value }
    : { kind: 'not-touched', trouble: answer.trouble };
}

async function send(parts: TouchParts, { requestId, page, assertion }: Sending): Promise<TouchEvent> {
  const reply = await parts.api.touch(requestId, page.pageSecret, assertion);
  if (reply.kind !== 'ok') return reply;
  return { kind: 'accepted', signed: reply.value.state === 'touched' || reply.value.state === 'issued' };
}

function isRefusedWith(reply: Reply<unknown>, code: string): boolean {
  return reply.kind === 'refused' && reply.refusal.code === code;
}
