/** What the page does in each state in which it is at work: one call to the outside, one event. */

import type { PageReply, ReviewReply } from '../../src/http/contract/pages.ts';
import type { TouchReply } from '../../src/http/contract/requests.ts';
import type { Reply } from '../api.ts';
import type { PageParts } from '../browser.ts';
import { clockAhead, patience } from '../deadline.ts';
import { faultOf } from '../request/fault.ts';
import { touch } from '../touched.ts';
import type { WaitingCommand } from './address.ts';
import type { KnownPage, Memory } from './memory.ts';
import { readReview } from './review.ts';
import type {
  AwaitingProof,
  CheckingCode,
  Opening,
  Outcome,
  Sending,
  TouchEvent,
  Touching,
  TouchState,
} from './state.ts';

export interface TouchParts extends PageParts {
  readonly memory: Memory;
  /** Sends the browser to the command on this machine, with the page's secret in the body. */
  readonly leaveFor: (command: WaitingCommand, pageSecret: string) => void;
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
        return touchReviewed(parts, state);
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
  const way = address.command === undefined ? 'code' : 'loopback';
  const page = knownPage(reply.value, way, clockAhead(reply.serverTime, parts.now()));
  return { kind: 'opened', page, canReturn: parts.memory.keep(address.requestId, page) };
}

function knownPage(reply: PageReply, way: KnownPage['way'], ahead: number): KnownPage {
  const { pageSecret, askedFrom, openedFrom, expiresAt } = reply;
  return { pageSecret, askedFrom, openedFrom, expiresAt, clockAhead: ahead, way, wrongCodes: 0 };
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
    return faultOf(fault);
  }
}

function touchReviewed({ authenticator, now }: TouchParts, { page, review }: Touching): Promise<TouchEvent> {
  const { expiresAt } = review;
  return touch(authenticator, review, patience({ expiresAt, clockAhead: page.clockAhead }, now()));
}

function send(parts: TouchParts, sending: Sending): Promise<TouchEvent> {
  return 'act' in sending.review ? sendForAct(parts, sending) : sendForCertificates(parts, sending);
}

async function sendForCertificates(
  parts: TouchParts,
  { requestId, page, assertion }: Sending,
): Promise<TouchEvent> {
  const reply = await parts.api.touch(requestId, page.pageSecret, assertion);
  if (reply.kind !== 'ok') return reply;
  return { kind: 'accepted', outcome: outcomeOf(reply.value) };
}

async function sendForAct(parts: TouchParts, { requestId, page, assertion }: Sending): Promise<TouchEvent> {
  const reply = await parts.api.touchAct(requestId, page.pageSecret, assertion);
  return reply.kind === 'ok' ? { kind: 'accepted', outcome: { state: 'done' } } : reply;
}

function outcomeOf(reply: TouchReply): Outcome {
  switch (reply.state) {
    case 'waiting':
      return reply;
    case 'touched':
    case 'issued':
      return { state: 'signed' };
    case 'pending':
    case 'signing':
      return { state: 'signing' };
    default:
      return reply satisfies never;
  }
}

function isRefusedWith(reply: Reply<unknown>, code: string): boolean {
  return reply.kind === 'refused' && reply.refusal.code === code;
}
