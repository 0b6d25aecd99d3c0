/** What the machines of all pages have in common: steps that fail on their way to the authority, and ends. */
import type { Refusal } from './api.ts';

/** A step that failed on the way to the authority, to be done again. */
export interface Interrupted<Working> {
  readonly kind: 'interrupted';
  readonly resume: Working;
  readonly detail: string;
}

export interface Stopped<Stop> {
  readonly kind: 'stopped';
  readonly stop: Stop;
}

/** Ends of every page. */
export type CommonStop<FaultCode> =
  | { readonly kind: 'no-webauthn'; readonly isSecureContext: boolean }
  | Faulty<FaultCode>;

/** Ends of a page whose address is a secret. */
export type SecretPageStop<FaultCode> =
  | CommonStop<FaultCode>
  | Refused
  | { readonly kind: 'bad-address'; readonly isEmpty: boolean };

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
}

/** The page itself refused, because what it was sent does not fit together. */
export interface Faulty<FaultCode> {
  readonly kind: 'faulty';
  readonly code: FaultCode;
  readonly detail: string;
}

/** Events of every page beside what its own steps end with. */
export type CommonEvent<FaultCode> =
  | Mishap<FaultCode>
  | { readonly kind: 'expired' }
  | { readonly kind: 'retry-wanted' };

/** What a step may end with instead of what it was for. */
export type Mishap<FaultCode> =
  | Faulty<FaultCode>
  | Refused
  | { readonly kind: 'unavailable'; readonly detail: string };

export function afterMishap<Working, FaultCode, Next>(
  state: Working,
  mishap: Mishap<FaultCode>,
  afterRefusal: (state: Working, refusal: Refusal) => Next,
): Interrupted<Working> | Stopped<Faulty<FaultCode>> | Next {
  switch (mishap.kind) {
    case 'unavailable':
      return { kind: 'interrupted', resume: state, detail: mishap.detail };
    case 'faulty':
      return stopped(mishap);
    case 'refused':
      return afterRefusal(state, mishap.refusal);
    default:
      return mishap satisfies never;
  }
}

/** The step that failed, as a copy, so that it is worked on anew. */
export function resumed<Working extends object>({ resume }: Interrupted<Working>): Working {
  return { ...resume };
}

export function stopped<Stop>(stop: Stop): Stopped<Stop> {
  return { kind: 'stopped', stop };
}

/** @param kinds all of them, and no other: the compiler sees to it. */
export function isOneOf<State extends { readonly kind: string }, Kind extends State['kind']>(
  state: State,
  kinds: Readonly<Record<Kind, true>>,
): state is Extract<State, { readonly kind: Kind }> {
  return Object.hasOwn(kinds, state.kind);
}

interface OfKind {
  readonly kind: string;
}

export function isInterrupted<Working>(state: OfKind | Interrupted<Working>): state is Interrupted<Working> {
  return state.kind === 'interrupted';
}

export function isStopped<Stop>(state: OfKind | Stopped<Stop>): state is Stopped<Stop> {
  return state.kind === 'stopped';
}
