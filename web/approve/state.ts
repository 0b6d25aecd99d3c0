/** The page "approve somebody else's request" as states and events; `transition` is pure and total. */
import type { Answer } from '../../src/fido/touch-digest.ts';
import type { AnswerReply } from '../../src/http/contract/approvals.ts';
import type { Assertion } from '../../src/http/contract/fields.ts';
import type { Refusal } from '../api.ts';
import type { Ability } from '../browser.ts';
import type { CommonEvent, Interrupted, SecretPageStop, Stopped } from '../course.ts';
import { isOneOf, resumed, stopped } from '../course.ts';
import { browserCredentials } from '../credential-ids.ts';
import type { Rules, StepOf } from '../proceed.ts';
import { expiredUnlessSent, proceed } from '../proceed.ts';
import type { ReviewFaultCode } from '../request/fault.ts';
import type { Touched } from '../touched.ts';
import type { AuthenticatorTrouble } from '../trouble.ts';
import type { ApproveAddress, ParsedAddress } from './address.ts';
import type { View } from './view.ts';

interface Named {
  readonly address: ApproveAddress;
  /** Who answers. Nobody is authenticated before the touch: it only says whose keys are asked. */
  readonly person: string;
}
interface Viewed extends Named {
  readonly view: View;
  /** Seconds that the authority's clock is ahead of this machine's. */
  readonly clockAhead: number;
}

export interface AskingPerson {
  readonly kind: 'asking-person';
  readonly address: ApproveAddress;
  /** What stands in the field already; empty: nothing. */
  readonly person: string;
}
export interface Opening extends Named {
  readonly kind: 'opening';
}
export interface Reviewing extends Viewed {
  readonly kind: 'reviewing';
  readonly trouble?: AuthenticatorTrouble;
  /** Why the authority did not accept the touch before; another key may do. */
  readonly refusal?: Refusal;
}
export interface Touching extends Viewed {
  readonly kind: 'touching';
  readonly answer: Answer;
}
export interface Sending extends Viewed {
  readonly kind: 'sending';
  readonly answer: Answer;
  readonly assertion: Assertion;
}
export interface Done extends Viewed {
  readonly kind: 'done';
  readonly outcome: AnswerReply;
}

export type Stop = SecretPageStop<ReviewFaultCode> | { readonly kind: 'expired' };

export type Working = Opening | Touching | Sending;
export type OwnState = Working | AskingPerson | Reviewing | Done;
export type ApproveState = OwnState | Interrupted<Working> | Stopped<Stop>;

export type ApproveEvent =
  | CommonEvent<ReviewFaultCode>
  | Touched
  | { readonly kind: 'person-given'; readonly person: string }
  | { readonly kind: 'other-person-wanted' }
  | { readonly kind: 'opened'; readonly view: View; readonly clockAhead: number }
  | { readonly kind: 'touch-wanted'; readonly answer: Answer }
  | { readonly kind: 'accepted'; readonly outcome: AnswerReply };

export interface Surroundings extends Ability {
  readonly fragment: string;
  readonly parsed: ParsedAddress | undefined;
  /** Who answered last in this browser. */
  readonly remembered: string | undefined;
}

export function initialApproveState(around: Surroundings): ApproveState {
  const { fragment, parsed, hasWebauthn, isSecureContext } = around;
  if (parsed === undefined) return stopped({ kind: 'bad-address', isEmpty: fragment.length < 2 });
  if (!hasWebauthn) return stopped({ kind: 'no-webauthn', isSecureContext });
  const { address } = parsed;
  const person = parsed.person ?? around.remembered;
  return person === undefined
    ? { kind: 'asking-person', address, person: '' }
    : { kind: 'opening', address, person };
}

export function transition(state: ApproveState, event: ApproveEvent): ApproveState {
  return proceed(state, event, RULES);
}

/**
 * Whether this page can give the answer. Nobody approves for themselves, though anybody can take their own request back; and a browser
 * can not make the signature of a CA key, because it signs nothing that is not of the web.
 */
export function canAnswer({ person, view }: Viewed, answer: Answer): boolean {
  return answer === 'reject' || (person !== view.person && view.approvedBy === 'touch');
}

type Step = StepOf<ApproveEvent>;

function advance(state: ApproveState, event: Step): ApproveState {
  switch (state.kind) {
    case 'asking-person':
      return event.kind === 'person-given' ? { ...state, kind: 'opening', person: event.person } : state;
    case 'opening':
      return event.kind === 'opened' ? reviewing({ ...state, ...event }) : state;
    case 'reviewing':
      return afterReview(state, event);
    case 'touching':
      return afterTouch(state, event);
    case 'sending':
      return event.kind === 'accepted' ? { ...viewed(state), kind: 'done', outcome: event.outcome } : state;
    case 'interrupted':
      return event.kind === 'retry-wanted' ? resumed(state) : state;
    case 'done':
    case 'stopped':
      return state;
    default:
      return state satisfies never;
  }
}

function afterReview(state: Reviewing, event: Step): ApproveState {
  if (event.kind === 'other-person-wanted')
    return { kind: 'asking-person', address: state.address, person: state.person };
  if (event.kind !== 'touch-wanted' || !canAnswer(state, event.answer)) return state;
  return browserCredentials(state.view.credentialIds).length > 0
    ? { ...viewed(state), kind: 'touching', answer: event.answer }
    : { ...reviewing(state), trouble: 'no-credential' };
}

function afterTouch(state: Touching, event: Step): ApproveState {
  if (event.kind === 'touched') return { ...state, kind: 'sending', assertion: event.assertion };
  return event.kind === 'not-touched' ? { ...reviewing(state), trouble: event.trouble } : state;
}

function afterRefusal(state: Working, refusal: Refusal): ApproveState {
  if (refusal.code === 'request-expired') return stopped({ kind: 'expired' });
  if (state.kind === 'sending' && SPOILS_NOTHING.has(refusal.code)) return { ...reviewing(state), refusal };
  return stopped({ kind: 'refused', refusal });
}

/** Refusals of this touch alone: the request goes on waiting for a better one. */
const SPOILS_NOTHING: ReadonlySet<string> = new Set([
  'touch-refused',
  'user-verification-required',
  'attestation-required',
]);

function reviewing(state: Viewed): Reviewing {
  return { ...viewed(state), kind: 'reviewing' };
}

function viewed({ address, person, view, clockAhead }: Viewed): Viewed {
  return { address, person, view, clockAhead };
}

const WORKING: Readonly<Record<Working['kind'], true>> = { opening: true, touching: true, sending: true };

const RULES: Rules<ApproveState, Working, Step> = {
  isWorking: (state) => isOneOf(state, WORKING),
  afterExpiry: expiredUnlessSent,
  afterRefusal,
  advance,
};
