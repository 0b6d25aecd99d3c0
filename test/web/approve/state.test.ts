import { describe, expect, it } from 'vitest';
import type { ApproveEvent, ApproveState } from '../../../web/approve/state.ts';
import { initialApproveState, transition } from '../../../web/approve/state.ts';
import { readView } from '../../../web/approve/view.ts';
import { ORIGIN, REQUEST_ID, viewReplyOf } from '../review-reply.ts';

const ADDRESS = { requestId: REQUEST_ID, viewSecret: 'V'.repeat(43) };
const AROUND = {
  fragment: '#…',
  parsed: { address: ADDRESS },
  remembered: undefined,
  hasWebauthn: true,
  isSecureContext: true,
};
const VIEW = readView(viewReplyOf(), { origin: ORIGIN, requestId: REQUEST_ID });
const ASSERTION = { credentialId: 'a', clientDataJSON: 'b', authenticatorData: 'c', signature: 'd' };
const NAMED = { address: ADDRESS, person: 'bob' };
const VIEWED = { ...NAMED, view: VIEW, clockAhead: 2 };
const OUTCOME = { state: 'waiting', needed: 2, given: 1 } as const;
const WANTED: ApproveEvent = { kind: 'touch-wanted', answer: 'approve' };

function stateAfter(start: ApproveState, ...events: readonly ApproveEvent[]): ApproveState {
  return events.reduce(transition, start);
}

function opened(view = VIEW): ApproveEvent {
  return { kind: 'opened', view, clockAhead: 2 };
}

function refusal(code: string): ApproveEvent {
  return { kind: 'refused', refusal: { code, title: 'The authority refuses this' } };
}

function stopOf(state: ApproveState): string {
  return state.kind === 'stopped' ? state.stop.kind : `not stopped but ${state.kind}`;
}

const asking = initialApproveState(AROUND);
const opening = stateAfter(asking, { kind: 'person-given', person: 'bob' });
const reviewing = stateAfter(opening, opened());
const touching = stateAfter(reviewing, WANTED);
const sending = stateAfter(touching, { kind: 'touched', assertion: ASSERTION });

describe('a page begins', () => {
  it('with a refusal when its address is not complete, or gone', () => {
    const state = initialApproveState({ ...AROUND, parsed: undefined });
    expect(state).toMatchObject({ stop: { kind: 'bad-address', isEmpty: false } });
    const reloaded = initialApproveState({ ...AROUND, fragment: '', parsed: undefined, remembered: 'bob' });
    expect(reloaded).toMatchObject({ stop: { kind: 'bad-address', isEmpty: true } });
  });

  it('with a refusal when the browser has no WebAuthn', () => {
    expect(stopOf(initialApproveState({ ...AROUND, hasWebauthn: false }))).toBe('no-webauthn');
  });

  it('by asking who is there', () => {
    expect(asking).toEqual({ kind: 'asking-person', address: ADDRESS, person: '' });
  });

  it('with the request when the address, or else the memory of this browser, says who', () => {
    const parsed = { address: ADDRESS, person: 'bob' };
    expect(initialApproveState({ ...AROUND, parsed, remembered: 'carol' })).toEqual({
      kind: 'opening',
      ...NAMED,
    });
    expect(initialApproveState({ ...AROUND, remembered: 'carol' })).toMatchObject({ person: 'carol' });
  });
});

describe('an answer is not begun', () => {
  it('before the request is shown', () => {
    expect(stateAfter(asking, WANTED)).toBe(asking);
    expect(stateAfter(opening, WANTED)).toBe(opening);
  });

  it('by who asks, unless it is to take the request back', () => {
    const own = stateAfter(asking, { kind: 'person-given', person: 'alice' }, opened());
    expect(stateAfter(own, WANTED)).toBe(own);
    expect(stateAfter(own, { kind: 'touch-wanted', answer: 'reject' })).toMatchObject({ answer: 'reject' });
  });

  it('when only a terminal can make the signature that approves; a rejection is a touch', () => {
    const state = stateAfter(opening, opened({ ...VIEW, approvedBy: 'signature' }));
    expect(stateAfter(state, WANTED)).toBe(state);
    expect(stateAfter(state, { kind: 'touch-wanted', answer: 'reject' })).toMatchObject({
      kind: 'touching',
      answer: 'reject',
    });
  });

  it('when only SSH keys could answer', () => {
    const credentialIds = [`SHA256:${'a'.repeat(43)}`];
    const state = stateAfter(opening, opened({ ...VIEW, credentialIds }), WANTED);
    expect(state).toMatchObject({ kind: 'reviewing', trouble: 'no-credential' });
  });

  it('while another one is on its way', () => {
    const other: ApproveEvent = { kind: 'touch-wanted', answer: 'reject' };
    expect(stateAfter(touching, other)).toBe(touching);
    expect(stateAfter(sending, other)).toBe(sending);
    expect(stateAfter(touching, { kind: 'other-person-wanted' })).toBe(touching);
  });
});

describe('an answer', () => {
  it('needs the click that says which one it is', () => {
    expect(reviewing).toEqual({ kind: 'reviewing', ...VIEWED });
    expect(touching).toEqual({ kind: 'touching', ...VIEWED, answer: 'approve' });
    expect(stateAfter(reviewing, { kind: 'touch-wanted', answer: 'reject' })).toMatchObject({
      answer: 'reject',
    });
  });

  it('is sent as what was touched, and ends in what the authority says', () => {
    expect(sending).toEqual({ kind: 'sending', ...VIEWED, answer: 'approve', assertion: ASSERTION });
    expect(stateAfter(sending, { kind: 'accepted', outcome: OUTCOME })).toEqual({
      kind: 'done',
      ...VIEWED,
      outcome: OUTCOME,
    });
  });

  it('can be another one after the touch was cancelled', () => {
    const cancelled = stateAfter(touching, { kind: 'not-touched', trouble: 'cancelled' });
    expect(cancelled).toEqual({ kind: 'reviewing', ...VIEWED, trouble: 'cancelled' });
    expect(stateAfter(cancelled, { kind: 'touch-wanted', answer: 'reject' })).toEqual({
      kind: 'touching',
      ...VIEWED,
      answer: 'reject',
    });
  });

  it.each(['touch-refused', 'user-verification-required', 'attestation-required'])(
    'can be tried in another way after %s',
    (code) => {
      const refused = stateAfter(sending, refusal(code));
      expect(refused).toMatchObject({ kind: 'reviewing', refusal: { code } });
      expect(stateAfter(refused, WANTED)).toEqual(touching);
    },
  );

  it.each([
    'own-request',
    'not-an-approver',
    'already-approved',
    'request-answered',
    'request-rejected',
    'policy-changed',
  ])('ends with the reason after %s', (code) => {
    expect(stateAfter(sending, refusal(code))).toMatchObject({
      stop: { kind: 'refused', refusal: { code } },
    });
  });

  it('may come from somebody else than the one whose name stood there', () => {
    const changing = stateAfter(reviewing, { kind: 'other-person-wanted' });
    expect(changing).toEqual({ kind: 'asking-person', address: ADDRESS, person: 'bob' });
    expect(stateAfter(changing, { kind: 'person-given', person: 'carol' })).toEqual({
      kind: 'opening',
      address: ADDRESS,
      person: 'carol',
    });
  });
});

describe('at any time', () => {
  it('a wrong secret, or a request that is over, ends the page', () => {
    expect(stateAfter(opening, refusal('unknown-request'))).toMatchObject({
      stop: { kind: 'refused', refusal: { code: 'unknown-request' } },
    });
    expect(stopOf(stateAfter(opening, refusal('request-expired')))).toBe('expired');
  });

  it('what does not fit together ends the page', () => {
    const state = stateAfter(opening, { kind: 'faulty', code: 'other-person', detail: 'no' });
    expect(state).toMatchObject({ stop: { kind: 'faulty', code: 'other-person' } });
  });

  it('a lost connection keeps the step, and the same touch is sent again', () => {
    const interrupted = stateAfter(sending, { kind: 'unavailable', detail: 'gone' });
    const again = stateAfter(interrupted, { kind: 'retry-wanted' });
    expect(again).toEqual(sending);
    expect(again).not.toBe(sending);
  });

  it('the end of the request ends the page, but not while an answer is on its way', () => {
    for (const state of [asking, opening, reviewing, touching])
      expect(stopOf(stateAfter(state, { kind: 'expired' }))).toBe('expired');
    expect(stateAfter(sending, { kind: 'expired' })).toBe(sending);
    expect(stopOf(stateAfter(sending, refusal('request-expired')))).toBe('expired');
  });

  it('an event of another state changes nothing', () => {
    expect(stateAfter(asking, opened())).toBe(asking);
    expect(stateAfter(reviewing, { kind: 'touched', assertion: ASSERTION })).toBe(reviewing);
    expect(stateAfter(reviewing, { kind: 'accepted', outcome: OUTCOME })).toBe(reviewing);
    expect(stateAfter(reviewing, refusal('request-rejected'))).toBe(reviewing);
    expect(stateAfter(reviewing, { kind: 'person-given', person: 'carol' })).toBe(reviewing);
    const done = stateAfter(sending, { kind: 'accepted', outcome: OUTCOME });
    expect(stateAfter(done, { kind: 'expired' }, WANTED, { kind: 'retry-wanted' })).toBe(done);
  });
});
