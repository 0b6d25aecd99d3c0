/** How the machines of all pages go on: mishaps and the end of the time come first, all else is a step of the page's own. */
import type { Refusal } from './api.ts';
import type { Faulty, Interrupted, Mishap, Stopped } from './course.ts';
import { afterMishap, stopped } from './course.ts';

interface OfKind {
  readonly kind: string;
}

interface Expiry {
  readonly kind: 'expired';
}

/** The events that move a page from one of its own states to the next. */
export type StepOf<Event> = Exclude<Event, { readonly kind: 'expired' | Mishap<unknown>['kind'] }>;

export interface Rules<State, Working extends State, Step> {
  /** Whether the page itself is at work: only then can a step fail. */
  readonly isWorking: (state: State) => state is Working;
  readonly afterExpiry: (state: State) => State;
  readonly afterRefusal: (state: Working, refusal: Refusal) => State;
  readonly advance: (state: State, event: Step) => State;
}

/** Pure and total: an event that does not belong to the present state changes nothing. */
export function proceed<State, Working extends State, Step extends OfKind, FaultCode>(
  state: State,
  event: Step | Expiry | Mishap<FaultCode>,
  rules: Rules<State, Working, Step>,
): State | Interrupted<Working> | Stopped<Faulty<FaultCode>> {
  if (isMishap<FaultCode>(event))
    return rules.isWorking(state) ? afterMishap(state, event, rules.afterRefusal) : state;
  return isExpiry(event) ? rules.afterExpiry(state) : rules.advance(state, event);
}

/** An answer that is on its way decides for itself. */
export function expiredUnlessSent<State extends OfKind>(state: State): State | Stopped<Expiry> {
  return isOpen(state) ? stopped({ kind: 'expired' }) : state;
}

/** Whether the request still waits for a touch, as far as the page knows. */
function isOpen(state: OfKind): boolean {
  return state.kind !== 'done' && state.kind !== 'stopped' && state.kind !== 'sending';
}

function isMishap<FaultCode>(event: OfKind | Mishap<FaultCode>): event is Mishap<FaultCode> {
  return event.kind === 'unavailable' || event.kind === 'refused' || event.kind === 'faulty';
}

function isExpiry(event: OfKind): event is Expiry {
  return event.kind === 'expired';
}
