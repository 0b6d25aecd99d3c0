import { describe, expect, it } from 'vitest';
import type { EnrollEvent, EnrollState, Invitation } from '../../../web/enroll/state.ts';
import { FIRST_LABEL, initialEnrollState, transition } from '../../../web/enroll/state.ts';
import { bytes, DRAFTED_AT, ORIGIN, REQUEST_ID } from '../review-reply.ts';

const ADDRESS = { person: 'alice', secret: 'I'.repeat(43), bundleKey: `SHA256:${'b'.repeat(43)}` };
const AROUND = { fragment: '#alice…', address: ADDRESS, hasWebauthn: true, isSecureContext: true };
const INVITATION: Invitation = {
  requestId: REQUEST_ID,
  pollSecret: 'P'.repeat(43),
  inviteId: 'ab'.repeat(32),
  person: 'alice',
  origin: ORIGIN,
  rpId: 'ca.example.org',
  nonce: 'A'.repeat(43),
  expiresAt: DRAFTED_AT + 120,
  clockAhead: 0,
  userId: 'AAAA',
  userVerification: 'required',
  attestation: 'none',
  excludeCredentialIds: [],
  access: { logins: ['alice'], hosts: ['*'], defaultLifetime: 72_000, maxLifetime: 86_400 },
};
const CREDENTIAL = { credentialId: 'AAAA', clientDataJSON: '', attestationObject: '', authenticatorData: '' };
const ASSERTION = { credentialId: 'a', clientDataJSON: 'b', authenticatorData: 'c', signature: 'd' };

function stateAfter(start: EnrollState, ...events: readonly EnrollEvent[]): EnrollState {
  return events.reduce(transition, start);
}

function refusal(code: string): EnrollEvent {
  return { kind: 'refused', refusal: { code, title: 'The authority refuses this' } };
}

const opening = initialEnrollState(AROUND);
const ready = stateAfter(opening, { kind: 'opened', invitation: INVITATION });
const registering = stateAfter(ready, { kind: 'register-wanted', label: 'YubiKey' });
const offering = stateAfter(registering, { kind: 'registered', credential: CREDENTIAL });
const proving = stateAfter(offering, { kind: 'offered', digest: bytes(32, 1) });
const asserting = stateAfter(proving, { kind: 'touch-wanted' });
const confirming = stateAfter(asserting, { kind: 'touched', assertion: ASSERTION });

describe('an enrolment', () => {
  it('does not begin without a whole address', () => {
    const state = initialEnrollState({ ...AROUND, fragment: '', address: undefined });
    expect(state).toEqual({ kind: 'stopped', stop: { kind: 'bad-address', isEmpty: true } });
  });

  it('does not open the invite in a browser without WebAuthn', () => {
    const state = initialEnrollState({ ...AROUND, hasWebauthn: false });
    expect(state).toMatchObject({ stop: { kind: 'no-webauthn' } });
  });

  it('goes from the invite over two touches to its end', () => {
    const kinds = [opening, ready, registering, offering, proving, asserting, confirming].map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual([
      'opening',
      'ready',
      'registering',
      'offering',
      'proving',
      'asserting',
      'confirming',
    ]);
    const done = stateAfter(confirming, { kind: 'confirmed' });
    expect(done).toEqual({ kind: 'done', address: ADDRESS, invitation: INVITATION, label: 'YubiKey' });
  });

  it('names the key, by a name of its own when none is given', () => {
    expect(stateAfter(ready, { kind: 'register-wanted', label: '  ' })).toMatchObject({ label: FIRST_LABEL });
    const long = stateAfter(ready, { kind: 'register-wanted', label: 'x'.repeat(80) });
    expect(long).toMatchObject({ label: 'x'.repeat(64) });
  });

  it('can be tried again when a touch was cancelled, each at its own step', () => {
    const trouble: EnrollEvent = { kind: 'not-touched', trouble: 'cancelled' };
    expect(stateAfter(registering, trouble)).toMatchObject({
      kind: 'ready',
      trouble: 'cancelled',
      label: 'YubiKey',
    });
    expect(stateAfter(asserting, trouble)).toMatchObject({ kind: 'proving', trouble: 'cancelled' });
    expect(stateAfter(asserting, trouble, { kind: 'touch-wanted' })).not.toHaveProperty('trouble');
  });

  it('lets another key be taken when the authority does not take this one', () => {
    const state = stateAfter(offering, refusal('attestation-required'));
    expect(state).toMatchObject({ kind: 'ready', refusal: { code: 'attestation-required' } });
    expect(stateAfter(confirming, refusal('attestation-required')).kind).toBe('stopped');
  });

  it('ends when the invite is not good', () => {
    expect(stateAfter(opening, refusal('invite-used'))).toMatchObject({ stop: { kind: 'refused' } });
  });

  it('can begin again with the same invite when it took too long', () => {
    const expired = stateAfter(proving, { kind: 'expired' });
    expect(expired).toMatchObject({ stop: { kind: 'expired' } });
    expect(stateAfter(expired, { kind: 'retry-wanted' })).toEqual(opening);
    expect(stateAfter(offering, refusal('request-expired'))).toEqual(expired);
    expect(stateAfter(confirming, { kind: 'expired' })).toBe(confirming);
  });

  it('goes on where the connection was lost', () => {
    const interrupted = stateAfter(confirming, { kind: 'unavailable', detail: 'gone' });
    expect(stateAfter(interrupted, { kind: 'retry-wanted' })).toEqual(confirming);
    expect(stateAfter(interrupted, { kind: 'expired' })).toMatchObject({ stop: { kind: 'expired' } });
  });

  it('ignores events of other states', () => {
    expect(stateAfter(ready, { kind: 'confirmed' })).toBe(ready);
    expect(stateAfter(ready, refusal('invite-used'))).toBe(ready);
    expect(stateAfter(ready, { kind: 'faulty', code: 'other-key', detail: '' })).toBe(ready);
    expect(stateAfter(opening, { kind: 'touch-wanted' })).toBe(opening);
  });
});
