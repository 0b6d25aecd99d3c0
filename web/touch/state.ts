/**
 * The page "review and touch" as states and events. `transition` is pure and total: an event that does not belong to the
 * present state changes nothing.
 */
import type { Assertion } from '../../src/http/contract/fields.ts';
import type { Approvable } from '../../src/http/contract/requests.ts';
import type { Refusal } from '../api.ts';
import type { Ability } from '../browser.ts';
import type { CommonEvent, CommonStop, Interrupted, Stopped } from '../course.ts';
import { isOneOf, resumed, stopped } from '../course.ts';
import { browserCredentials } from '../credential-ids.ts';
import type { Rules, StepOf } from '../proceed.ts';
import { expiredUnlessSent, proceed } from '../proceed.ts';
import type { ReviewFaultCode } from '../request/fault.ts';
import type { Touched } from '../touched.ts';
import type { AuthenticatorTrouble } from '../trouble.ts';
import type { TouchAddress, WaitingCommand } from './address.ts';
import type { KnownPage } from './memory.ts';
import type { Review } from './review.ts';

interface Open {
  readonly requestId: string;
  readonly page: KnownPage;
}

/** Introduces the page to the authority. */
export interface Opening {
  readonly kind: 'opening';
  readonly address: TouchAddress;
}
/** Leaves for the command's listener on this machine, which vouches for the page and sends the browser back. */
export interface HandingOver extends Open {
  readonly kind: 'handing-over';
  readonly command: WaitingCommand;
}
/** Back from there: asks until the command's word has reached the authority. */
export interface AwaitingProof extends Open {
  readonly kind: 'awaiting-proof';
  readonly attempts: number;
}
export interface AskingCode extends Open {
  readonly kind: 'asking-code';
  /** Why a code is needed: the page was opened by hand, or the command on this machine did not answer. */
  readonly why: 'opened-by-hand' | 'command-silent';
  readonly wrong?: { readonly triesLeft: number };
}
export interface CheckingCode extends Open {
  readonly kind: 'checking-code';
  readonly why: AskingCode['why'];
  readonly code: string;
}
export interface Reviewing extends Open {
  readonly kind: 'reviewing';
  readonly review: Review;
  readonly trouble?: AuthenticatorTrouble;
  /** Why the authority did not accept the touch before; another key may do. */
  readonly refusal?: Refusal;
}
export interface Touching extends Open {
  readonly kind: 'touching';
  readonly review: Review;
}
export interface Sending extends Open {
  readonly kind: 'sending';
  readonly review: Review;
  readonly assertion: Assertion;
}
export interface Done {
  readonly kind: 'done';
  readonly review: Review;
  readonly outcome: Outcome;
}

/** What an accepted touch leads to: certificates at once, in a moment, or after other people's approval; an act that is done. */
export type Outcome =
  | { readonly state: 'signed' }
  | { readonly state: 'signing' }
  | { readonly state: 'done' }
  | Readonly<Approvable>;
export type Stop =
  | CommonStop<ReviewFaultCode>
  | { readonly kind: 'bad-address' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'too-many-codes' }
  /** The authority knows this page no more: the request is over, or a newer page took its place. */
  | { readonly kind: 'replaced' }
  /** The authority refused; before the touch it tells strangers nothing, after it the reason. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly touched: boolean };

/** States in which the page itself is at work. */
export type Working = Opening | HandingOver | AwaitingProof | CheckingCode | Touching | Sending;
export type OwnState = Working | AskingCode | Reviewing | Done;
export type TouchState = OwnState | Interrupted<Working> | Stopped<Stop>;

export type TouchEvent =
  | CommonEvent<ReviewFaultCode>
  | Touched
  | { readonly kind: 'opened'; readonly page: KnownPage; readonly canReturn: boolean }
  | { readonly kind: 'not-proven' }
  | { readonly kind: 'code-typed'; readonly code: string }
  | { readonly kind: 'code-wrong' }
  | { readonly kind: 'reviewed'; readonly review: Review }
  | { readonly kind: 'touch-wanted' }
  | { readonly kind: 'accepted'; readonly outcome: Outcome }
  | { readonly kind: 'code-wanted' };

/** The authority ends a request after as many. */
const CODE_TRIES = 3;
/** About a second apart: the command's word needs one round trip. */
export const PROOF_ATTEMPTS = 15;

export interface Surroundings extends Ability {
  readonly address: TouchAddress | undefined;
  readonly known: KnownPage | undefined;
}

/** Where a freshly loaded page begins: it may be new, reloaded, or back from the command. */
export function initialTouchState(around: Surroundings): TouchState {
  const { address, known } = around;
  if (address === undefined) return stopped({ kind: 'bad-address' });
  if (!around.hasWebauthn) return stopped({ kind: 'no-webauthn', isSecureContext: around.isSecureContext });
  if (known === undefined) return { kind: 'opening', address };
  const open = { requestId: address.requestId, page: known };
  // Known, and the command still in the address: the browser came back without its word.
  if (address.command !== undefined) return askCode(open, 'command-silent');
  if (known.way === 'code' && known.typedCode === undefined) return askCode(open, 'opened-by-hand');
  return { kind: 'awaiting-proof', ...open, attempts: 0 };
}

export function transition(state: TouchState, event: TouchEvent): TouchState {
  return proceed(state, event, RULES);
}

type Step = StepOf<TouchEvent>;

function advance(state: TouchState, event: Step): TouchState {
  switch (state.kind) {
    case 'opening':
      return event.kind === 'opened' ? afterOpening(state, event) : state;
    case 'handing-over':
      return event.kind === 'code-wanted' ? askCode(state, 'command-silent') : state;
    case 'awaiting-proof':
      return afterAsking(state, event);
    case 'asking-code':
      return event.kind === 'code-typed' ? checkCode(state, event.code) : state;
    case 'checking-code':
      return afterCode(state, event);
    case 'reviewing':
      return event.kind === 'touch-wanted' ? wantTouch(state) : state;
    case 'touching':
      return afterTouch(state, event);
    case 'sending':
      return event.kind === 'accepted'
        ? { kind: 'done', review: state.review, outcome: event.outcome }
        : state;
    case 'interrupted':
      return event.kind === 'retry-wanted' ? resumed(state) : state;
    case 'done':
    case 'stopped':
      return state;
    default:
      return state satisfies never;
  }
}

function afterOpening(
  { address }: Opening,
  { page, canReturn }: Extract<TouchEvent, { kind: 'opened' }>,
): TouchState {
  const open = { requestId: address.requestId, page };
  if (address.command === undefined) return { kind: 'asking-code', ...open, why: 'opened-by-hand' };
  // Without a memory the page would not know itself when the browser comes back.
  if (!canReturn) return { kind: 'asking-code', ...open, why: 'command-silent' };
  return { kind: 'handing-over', ...open, command: address.command };
}

function afterAsking(state: AwaitingProof, event: Step): TouchState {
  if (event.kind === 'reviewed') return review(state, event.review);
  if (event.kind === 'code-wanted') return askCode(state, 'command-silent');
  if (event.kind !== 'not-proven') return state;
  const attempts = state.attempts + 1;
  return attempts < PROOF_ATTEMPTS ? { ...state, attempts } : askCode(state, 'command-silent');
}

function askCode({ requestId, page }: Open, why: AskingCode['why']): TouchState {
  const state: AskingCode = { kind: 'asking-code', requestId, page, why };
  return page.wrongCodes === 0 ? state : { ...state, wrong: { triesLeft: CODE_TRIES - page.wrongCodes } };
}

function checkCode({ requestId, page, why }: AskingCode, code: string): TouchState {
  return { kind: 'checking-code', requestId, page, why, code };
}

function afterCode(state: CheckingCode, event: Step): TouchState {
  if (event.kind === 'reviewed') {
    const { requestId, page, code } = state;
    return review({ requestId, page: { ...page, typedCode: code } }, event.review);
  }
  if (event.kind !== 'code-wrong') return state;
  const wrongCodes = state.page.wrongCodes + 1;
  if (wrongCodes >= CODE_TRIES) return stopped({ kind: 'too-many-codes' });
  return askCode({ ...state, page: { ...state.page, wrongCodes } }, state.why);
}

function review({ requestId, page }: Open, reviewed: Review): Reviewing {
  return { kind: 'reviewing', requestId, page, review: reviewed };
}

function wantTouch(state: Reviewing): TouchState {
  const { requestId, page, review: reviewed } = state;
  return browserCredentials(reviewed.credentialIds).length > 0
    ? { kind: 'touching', requestId, page, review: reviewed }
    : { ...state, trouble: 'no-credential' };
}

function afterTouch(state: Touching, event: Step): TouchState {
  if (event.kind === 'touched') return { ...state, kind: 'sending', assertion: event.assertion };
  return event.kind === 'not-touched' ? { ...review(state, state.review), trouble: event.trouble } : state;
}

function afterRefusal(state: Working, refusal: Refusal): TouchState {
  switch (refusal.code) {
    case 'request-expired':
      return stopped({ kind: 'expired' });
    case 'request-rejected':
      return stopped({ kind: 'too-many-codes' });
    case 'unknown-request':
      if (state.kind !== 'opening') return stopped({ kind: 'replaced' });
      break;
    case 'touch-refused':
      if (state.kind === 'sending') return { ...review(state, state.review), refusal };
  }
  return stopped({ kind: 'refused', refusal, touched: state.kind === 'sending' });
}

const WORKING: Readonly<Record<Working['kind'], true>> = {
  opening: true,
  'handing-over': true,
  'awaiting-proof': true,
  'checking-code': true,
  touching: true,
  sending: true,
};

const RULES: Rules<TouchState, Working, Step> = {
  isWorking: (state) => isOneOf(state, WORKING),
  afterExpiry: expiredUnlessSent,
  afterRefusal,
  advance,
};
