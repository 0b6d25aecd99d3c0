/** The page "enrol a security key" as states and events; `transition` is pure and total. */

import type { Assertion } from '../../src/http/contract/fields.ts';
import type { InviteAddress } from '../../src/ssh/invite-address.ts';
import type { Refusal } from '../api.ts';
import type { Ability } from '../browser.ts';
import type { CommonEvent, Interrupted, SecretPageStop, Stopped } from '../course.ts';
import { isOneOf, resumed, stopped } from '../course.ts';
import type { Deadline } from '../deadline.ts';
import type { Rules, StepOf } from '../proceed.ts';
import { proceed } from '../proceed.ts';
import type { Touched } from '../touched.ts';
import type { AuthenticatorTrouble } from '../trouble.ts';
import type { NewCredential } from './own-key.ts';

/** An invite that the authority has opened, as far as the page needs it. */
export interface Invitation extends Deadline {
  readonly requestId: string;
  readonly pollSecret: string;
  readonly inviteId: string;
  readonly person: string;
  readonly origin: string;
  readonly rpId: string;
  readonly nonce: string;
  readonly userId: string;
  readonly userVerification: 'required' | 'discouraged';
  readonly attestation: 'none' | 'direct';
  readonly excludeCredentialIds: readonly string[];
  readonly access: Access;
}

interface Access {
  readonly logins: readonly string[];
  readonly hosts: readonly string[];
  readonly defaultLifetime: number;
  readonly maxLifetime: number;
}

interface Invited {
  readonly address: InviteAddress;
  readonly invitation: Invitation;
  readonly label: string;
}
interface Made extends Invited {
  readonly credential: NewCredential;
}
interface Offered extends Made {
  /** The challenge of the last touch, computed here. */
  readonly digest: Uint8Array;
}

export interface Opening {
  readonly kind: 'opening';
  readonly address: InviteAddress;
}
/** Waits for the person to begin. */
export interface Ready extends Invited {
  readonly kind: 'ready';
  readonly trouble?: AuthenticatorTrouble;
  /** Why the authority did not take the key that was offered before. */
  readonly refusal?: Refusal;
}
export interface Registering extends Invited {
  readonly kind: 'registering';
}
export interface Offering extends Made {
  readonly kind: 'offering';
}
/** Waits for the second touch: some browsers open an authenticator only right after a click. */
export interface Proving extends Offered {
  readonly kind: 'proving';
  readonly trouble?: AuthenticatorTrouble;
}
export interface Asserting extends Offered {
  readonly kind: 'asserting';
}
export interface Confirming extends Offered {
  readonly kind: 'confirming';
  readonly assertion: Assertion;
}
export interface Done {
  readonly kind: 'done';
  readonly address: InviteAddress;
  readonly invitation: Invitation;
  readonly label: string;
}
export type EnrollFaultCode =
  | 'wrong-origin'
  | 'other-person'
  | 'other-bundle-key'
  | 'other-key'
  | 'bad-reply';

export type Stop =
  | SecretPageStop<EnrollFaultCode>
  /** The invite itself may well be good for longer: it can be opened again. */
  | { readonly kind: 'expired'; readonly address: InviteAddress };

type Working = Opening | Registering | Offering | Asserting | Confirming;
export type OwnState = Working | Ready | Proving | Done;
export type EnrollState = OwnState | Interrupted<Working> | Stopped<Stop>;

export type EnrollEvent =
  | CommonEvent<EnrollFaultCode>
  | Touched
  | { readonly kind: 'opened'; readonly invitation: Invitation }
  | { readonly kind: 'register-wanted'; readonly label: string }
  | { readonly kind: 'registered'; readonly credential: NewCredential }
  | { readonly kind: 'offered'; readonly digest: Uint8Array }
  | { readonly kind: 'touch-wanted' }
  | { readonly kind: 'confirmed' };

export const FIRST_LABEL = 'Security key';

/** Refusals that concern the offered key, not the invite: another key may do. */
const ANOTHER_KEY_MAY_DO = new Set([
  'credential-exists',
  'credential-refused',
  'attestation-required',
  'user-verification-required',
  'key-has-role',
]);

interface Surroundings extends Ability {
  readonly fragment: string;
  readonly address: InviteAddress | undefined;
}

export function initialEnrollState(around: Surroundings): EnrollState {
  if (around.address === undefined)
    return stopped({ kind: 'bad-address', isEmpty: around.fragment.length < 2 });
  if (!around.hasWebauthn) return stopped({ kind: 'no-webauthn', isSecureContext: around.isSecureContext });
  return { kind: 'opening', address: around.address };
}

export function transition(state: EnrollState, event: EnrollEvent): EnrollState {
  return proceed(state, event, RULES);
}

type Step = StepOf<EnrollEvent>;

function advance(state: EnrollState, event: Step): EnrollState {
  switch (state.kind) {
    case 'opening':
      return event.kind === 'opened' ? ready(state.address, event.invitation, FIRST_LABEL) : state;
    case 'ready':
      return event.kind === 'register-wanted' ? register(state, event.label) : state;
    case 'registering':
      return afterRegistering(state, event);
    case 'offering':
      return event.kind === 'offered' ? { ...state, kind: 'proving', digest: event.digest } : state;
    case 'proving':
      return event.kind === 'touch-wanted' ? { ...offered(state), kind: 'asserting' } : state;
    case 'asserting':
      return afterAsserting(state, event);
    case 'confirming':
      return event.kind === 'confirmed' ? { ...invited(state), kind: 'done' } : state;
    case 'interrupted':
      return event.kind === 'retry-wanted' ? resumed(state) : state;
    case 'stopped':
      return event.kind === 'retry-wanted' && state.stop.kind === 'expired'
        ? { kind: 'opening', address: state.stop.address }
        : state;
    case 'done':
      return state;
    default:
      return state satisfies never;
  }
}

function afterExpiry(state: EnrollState): EnrollState {
  switch (state.kind) {
    case 'done':
    case 'stopped':
    case 'confirming':
      return state;
    case 'interrupted':
      return stopped({ kind: 'expired', address: state.resume.address });
    default:
      return stopped({ kind: 'expired', address: state.address });
  }
}

function ready(address: InviteAddress, invitation: Invitation, label: string): Ready {
  return { kind: 'ready', address, invitation, label };
}

function register(state: Ready, label: string): Registering {
  const named = label.trim().slice(0, 64);
  return { ...invited(state), kind: 'registering', label: named === '' ? FIRST_LABEL : named };
}

function afterRegistering(state: Registering, event: Step): EnrollState {
  if (event.kind === 'registered') return { ...state, kind: 'offering', credential: event.credential };
  return event.kind === 'not-touched' ? { ...state, kind: 'ready', trouble: event.trouble } : state;
}

function afterAsserting(state: Asserting, event: Step): EnrollState {
  if (event.kind === 'touched') return { ...state, kind: 'confirming', assertion: event.assertion };
  return event.kind === 'not-touched' ? { ...state, kind: 'proving', trouble: event.trouble } : state;
}

function afterRefusal(state: Working, refusal: Refusal): EnrollState {
  if (refusal.code === 'request-expired') return stopped({ kind: 'expired', address: state.address });
  if (state.kind === 'offering' && ANOTHER_KEY_MAY_DO.has(refusal.code))
    return { ...invited(state), kind: 'ready', refusal };
  return stopped({ kind: 'refused', refusal });
}

function invited({ address, invitation, label }: Invited): Invited {
  return { address, invitation, label };
}

function offered({ credential, digest, ...state }: Offered): Offered {
  return { ...invited(state), credential, digest };
}

const WORKING: Readonly<Record<Working['kind'], true>> = {
  opening: true,
  registering: true,
  offering: true,
  asserting: true,
  confirming: true,
};

const RULES: Rules<EnrollState, Working, Step> = {
  isWorking: (state) => isOneOf(state, WORKING),
  afterExpiry,
  afterRefusal,
  advance,
};
