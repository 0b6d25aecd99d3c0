import { describe, expect, it } from 'vitest';
import type { KnownPage } from '../../../web/touch/memory.ts';
import { readReview } from '../../../web/touch/review.ts';
import type { Outcome, TouchEvent, TouchState } from '../../../web/touch/state.ts';
import { initialTouchState, PROOF_ATTEMPTS, transition } from '../../../web/touch/state.ts';
import { DRAFTED_AT, ORIGIN, REQUEST_ID, replyOf } from '../review-reply.ts';

const TOKEN = 't'.repeat(22);
const PAGE: KnownPage = {
  pageSecret: 'S'.repeat(43),
  askedFrom: '203.0.113.9',
  openedFrom: '198.51.100.4',
  expiresAt: DRAFTED_AT + 120,
  clockAhead: 0,
  way: 'code',
  wrongCodes: 0,
};
const REVIEW = readReview(replyOf(), { origin: ORIGIN, requestId: REQUEST_ID });
const ASSERTION = { credentialId: 'a', clientDataJSON: 'b', authenticatorData: 'c', signature: 'd' };
const SIGNED = { state: 'signed' } as const;
const AROUND = {
  address: { requestId: REQUEST_ID },
  known: undefined,
  hasWebauthn: true,
  isSecureContext: true,
};

function stateAfter(start: TouchState, ...events: readonly TouchEvent[]): TouchState {
  return events.reduce(transition, start);
}

function refusal(code: string): TouchEvent {
  return { kind: 'refused', refusal: { code, title: 'The authority refuses this' } };
}

const asking = stateAfter(initialTouchState(AROUND), { kind: 'opened', page: PAGE, canReturn: true });
const typed: TouchEvent = { kind: 'code-typed', code: 'ABCD-EFGH' };
const reviewing = stateAfter(asking, typed, { kind: 'reviewed', review: REVIEW });
const sending = stateAfter(reviewing, { kind: 'touch-wanted' }, { kind: 'touched', assertion: ASSERTION });

function stopOf(state: TouchState): string {
  return state.kind === 'stopped' ? state.stop.kind : `not stopped but ${state.kind}`;
}

describe('a page begins', () => {
  it('with a refusal when its address is not complete', () => {
    expect(stopOf(initialTouchState({ ...AROUND, address: undefined }))).toBe('bad-address');
  });

  it('with a refusal when the browser has no WebAuthn, before it takes the place of another page', () => {
    expect(stopOf(initialTouchState({ ...AROUND, hasWebauthn: false }))).toBe('no-webauthn');
  });

  it('by introducing itself', () => {
    expect(initialTouchState(AROUND).kind).toBe('opening');
  });

  it('by waiting for the proof when it is back from the command', () => {
    const known = { ...PAGE, way: 'loopback' } as const;
    expect(initialTouchState({ ...AROUND, known })).toMatchObject({ kind: 'awaiting-proof', page: known });
  });

  it('with the code when the browser came back without having met the command', () => {
    const address = { requestId: REQUEST_ID, command: { port: 40_000, token: TOKEN } };
    const state = initialTouchState({ ...AROUND, address, known: { ...PAGE, way: 'loopback' } });
    expect(state).toMatchObject({ kind: 'asking-code', why: 'command-silent' });
  });

  it('with the code again, and the tries that are left, when it is reloaded', () => {
    const state = initialTouchState({ ...AROUND, known: { ...PAGE, wrongCodes: 2 } });
    expect(state).toMatchObject({ kind: 'asking-code', wrong: { triesLeft: 1 } });
  });

  it('with the review when it is reloaded after its code was accepted', () => {
    const known = { ...PAGE, typedCode: 'ABCD-EFGH' };
    expect(initialTouchState({ ...AROUND, known }).kind).toBe('awaiting-proof');
  });
});

describe('proof', () => {
  const address = { requestId: REQUEST_ID, command: { port: 40_000, token: TOKEN } };
  const opening = initialTouchState({ ...AROUND, address });

  it('goes over loopback when the address names a port', () => {
    const state = stateAfter(opening, { kind: 'opened', page: PAGE, canReturn: true });
    expect(state).toMatchObject({ kind: 'handing-over', command: address.command });
  });

  it('goes by code when the page could not remember itself until it comes back', () => {
    const state = stateAfter(opening, { kind: 'opened', page: PAGE, canReturn: false });
    expect(state).toMatchObject({ kind: 'asking-code', why: 'command-silent' });
  });

  it('goes by code when the word of the command does not come', () => {
    const known = { ...PAGE, way: 'loopback' } as const;
    let state = initialTouchState({ ...AROUND, known });
    for (let attempt = 1; attempt < PROOF_ATTEMPTS; attempt++) {
      state = stateAfter(state, { kind: 'not-proven' });
      expect(state).toMatchObject({ kind: 'awaiting-proof', attempts: attempt });
    }
    expect(stateAfter(state, { kind: 'not-proven' })).toMatchObject({
      kind: 'asking-code',
      why: 'command-silent',
    });
  });

  it('counts wrong codes and ends with the third', () => {
    const once = stateAfter(asking, typed, { kind: 'code-wrong' });
    expect(once).toMatchObject({ kind: 'asking-code', wrong: { triesLeft: 2 } });
    const twice = stateAfter(once, typed, { kind: 'code-wrong' });
    expect(twice).toMatchObject({ kind: 'asking-code', wrong: { triesLeft: 1 } });
    expect(stopOf(stateAfter(twice, typed, { kind: 'code-wrong' }))).toBe('too-many-codes');
  });

  it('ends when the authority says that there were too many', () => {
    expect(stopOf(stateAfter(asking, typed, refusal('request-rejected')))).toBe('too-many-codes');
  });

  it('ends when a newer page took over', () => {
    expect(stopOf(stateAfter(asking, typed, refusal('unknown-request')))).toBe('replaced');
    expect(stopOf(stateAfter(initialTouchState(AROUND), refusal('unknown-request')))).toBe('refused');
  });
});

describe('touching', () => {
  it('needs a click', () => {
    expect(reviewing.kind).toBe('reviewing');
    expect(stateAfter(reviewing, { kind: 'touch-wanted' }).kind).toBe('touching');
  });

  it('can be tried again after it was cancelled', () => {
    const cancelled = stateAfter(
      reviewing,
      { kind: 'touch-wanted' },
      { kind: 'not-touched', trouble: 'cancelled' },
    );
    expect(cancelled).toMatchObject({ kind: 'reviewing', trouble: 'cancelled' });
    expect(stateAfter(cancelled, { kind: 'touch-wanted' })).not.toHaveProperty('trouble');
  });

  it('can be tried with another key when the authority knows this one not', () => {
    const refused = stateAfter(sending, refusal('touch-refused'));
    expect(refused).toMatchObject({ kind: 'reviewing', refusal: { code: 'touch-refused' } });
    expect(stateAfter(refused, { kind: 'touch-wanted' }).kind).toBe('touching');
  });

  it('is not begun when only SSH keys could answer', () => {
    const review = { ...REVIEW, credentialIds: [`SHA256:${'a'.repeat(43)}`] };
    const state = stateAfter(asking, typed, { kind: 'reviewed', review }, { kind: 'touch-wanted' });
    expect(state).toMatchObject({ kind: 'reviewing', trouble: 'no-credential' });
  });

  it('ends with the reason when the authority refuses it', () => {
    expect(stateAfter(sending, refusal('host-not-allowed'))).toMatchObject({
      stop: { kind: 'refused', touched: true, refusal: { code: 'host-not-allowed' } },
    });
  });

  it.each<Outcome>([
    { state: 'signed' },
    { state: 'signing' },
    { state: 'done' },
    { state: 'waiting', needed: 2, given: 0, approveBy: DRAFTED_AT + 1_800, address: `${ORIGIN}/approve#…` },
  ])('ends in what comes of it: $state', (outcome) => {
    expect(stateAfter(sending, { kind: 'accepted', outcome })).toEqual({
      kind: 'done',
      review: REVIEW,
      outcome,
    });
  });
});

describe('at any time', () => {
  it('a lost connection keeps the step, and the same touch is sent again', () => {
    const interrupted = stateAfter(sending, { kind: 'unavailable', detail: 'gone' });
    expect(interrupted.kind).toBe('interrupted');
    const again = stateAfter(interrupted, { kind: 'retry-wanted' });
    expect(again).toEqual(sending);
    expect(again).not.toBe(sending);
  });

  it('the end of the request ends the page, but not while a touch is on its way', () => {
    expect(stopOf(stateAfter(asking, { kind: 'expired' }))).toBe('expired');
    expect(stopOf(stateAfter(reviewing, { kind: 'expired' }))).toBe('expired');
    expect(stateAfter(sending, { kind: 'expired' })).toBe(sending);
    expect(stopOf(stateAfter(sending, refusal('request-expired')))).toBe('expired');
  });

  it('what does not fit together ends the page', () => {
    const state = stateAfter(asking, typed, { kind: 'faulty', code: 'other-person', detail: 'no' });
    expect(state).toMatchObject({ stop: { kind: 'faulty', code: 'other-person' } });
  });

  it('an event of another state changes nothing', () => {
    expect(stateAfter(asking, { kind: 'touched', assertion: ASSERTION })).toBe(asking);
    expect(stateAfter(asking, { kind: 'accepted', outcome: SIGNED })).toBe(asking);
    expect(stateAfter(asking, { kind: 'reviewed', review: REVIEW })).toBe(asking);
    expect(stateAfter(reviewing, refusal('request-rejected'))).toBe(reviewing);
    expect(stateAfter(reviewing, { kind: 'faulty', code: 'bad-draft', detail: '' })).toBe(reviewing);
    const done = stateAfter(sending, { kind: 'accepted', outcome: SIGNED });
    expect(stateAfter(done, { kind: 'expired' }, { kind: 'retry-wanted' }, { kind: 'touch-wanted' })).toBe(
      done,
    );
  });
});
