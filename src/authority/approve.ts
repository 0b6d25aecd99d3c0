/**
 * Step 6: what other people say to a request that waits. Each answer is a touch of its own action over the request's digest, or
 * the signature of a CA key over a draft. An answer counts once, in one transaction: of two that race, the second sees the first.
 */
import type { AssertionJson } from '../fido/assertion.ts';
import type { Answer } from '../fido/touch-digest.ts';
import type { Roster } from '../policy/roster.ts';
import type { Authority } from './authority.ts';
import type { CaSignature } from './ca-touch.ts';
import { verifyCaSignature } from './ca-touch.ts';
import { coverOf } from './cover.ts';
import { AuthorityError } from './error.ts';
import { acceptTouch, advance, proceed, signIfLeased } from './issue.ts';
import type { StoreWriter } from './ports.ts';
import type { Consent, PendingIssue, RequestId, Touch } from './records.ts';
import { answerDigest } from './request-digest.ts';
import type { RequestTouch } from './touch.ts';
import { verifyTouchOf } from './touch.ts';
import { answerKind, approvalsOf, consentOf, findWaiting, hasApproved, mayAnswer } from './waiting.ts';

/**
 * @param person who says that they answer; whether they do shows in the touch
 * @throws AuthorityError `touch-refused` in the same words for everybody who can not touch as this person
 */
export async function answerRequest(
  authority: Authority,
  id: RequestId,
  viewSecret: string,
  person: string,
  answer: Answer,
  assertion: AssertionJson,
): Promise<PendingIssue> {
  const seen = await authority.store.read((tx) => findWaiting(authority, tx, id, viewSecret));
  const digest = answerDigest(authority.origin, seen, answer);
  const touched = await verifyTouchOf(authority, person, digest, assertion);
  const outcome = await authority.store.write((tx) =>
    takeAnswer(authority, tx, id, viewSecret, answer, touched),
  );
  // Thrown after the transaction: the counter of the key must stay raised.
  if (outcome instanceof AuthorityError) throw outcome;
  return covered(await signIfLeased(authority, outcome));
}

/** The owner of a CA key signs one of the drafts: that approves it, and makes the certificate. */
export async function signRequest(
  authority: Authority,
  id: RequestId,
  viewSecret: string,
  offered: CaSignature,
): Promise<PendingIssue> {
  const seen = await authority.store.read(async (tx) => ({
    request: await findWaiting(authority, tx, id, viewSecret),
    roster: await authority.rosters.in(tx),
  }));
  const caTouch = verifyCaSignature(authority, seen.roster, seen.request, offered);
  const next = await authority.store.write(async (tx) => {
    const request = await findWaiting(authority, tx, id, viewSecret);
    const roster = await authority.rosters.in(tx);
    const refusal = refusalOfSigner(authority, roster, request, caTouch.person);
    if (refusal !== undefined) throw refusal;
    const taken = await takeConsent(authority, tx, request, { ...consentOf(request), caTouch });
    if (taken instanceof AuthorityError) throw taken;
    return taken;
  });
  return covered(await signIfLeased(authority, next));
}

/** For who answered, who is not told what the other person may ask for. @throws AuthorityError when policy refuses it now */
function covered(request: PendingIssue): PendingIssue {
  if (request.state.kind !== 'denied') return request;
  const { code, reason } = request.state.refusal;
  throw new AuthorityError(code, reason);
}

async function takeAnswer(
  authority: Authority,
  tx: StoreWriter,
  id: RequestId,
  viewSecret: string,
  answer: Answer,
  touched: RequestTouch,
): Promise<PendingIssue | AuthorityError> {
  const request = await findWaiting(authority, tx, id, viewSecret);
  await acceptTouch(tx, touched);
  const cover = await coverOf(authority, tx, request, consentOf(request));
  if (cover.kind === 'refused') return advance(tx, request, { kind: 'denied', refusal: cover.refusal });
  const refusal = refusalOfAnswer(authority, await authority.rosters.in(tx), request, answer, touched.touch);
  if (refusal !== undefined) return refusal;
  const { person } = touched.touch;
  if (answer === 'reject') return advance(tx, request, { kind: 'rejected', reason: 'by-approver', person });
  const { approvals, ...consent } = consentOf(request);
  return takeConsent(authority, tx, request, { ...consent, approvals: [...approvals, touched.touch] });
}

/** An answer that is no good (without a PIN, where the role asks for one) spoils nothing: the request goes on waiting for a good one. */
async function takeConsent(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
  consent: Consent,
): Promise<PendingIssue | AuthorityError> {
  const cover = await coverOf(authority, tx, request, consent);
  if (cover.kind === 'refused') return new AuthorityError(cover.refusal.code, cover.refusal.reason);
  return proceed(authority, tx, request, consent);
}

/** To reject one's own request is to take it back. */
function refusalOfAnswer(
  authority: Authority,
  roster: Roster,
  request: PendingIssue,
  answer: Answer,
  { person }: Touch,
): AuthorityError | undefined {
  if (person === request.person)
    return answer === 'reject'
      ? undefined
      : new AuthorityError('own-request', 'nobody approves their own request');
  if (!mayAnswer(authority, roster, request, person)) return notAnApprover(person);
  if (answer === 'reject') return undefined;
  if (answerKind(authority, request) === 'signature')
    return new AuthorityError(
      'not-an-approver',
      'this is approved by the signature of a CA key: usher approve',
    );
  if (hasApproved(request, person))
    return new AuthorityError('already-approved', 'you have approved this already: it takes somebody else');
  return undefined;
}

function refusalOfSigner(
  authority: Authority,
  roster: Roster,
  request: PendingIssue,
  person: string,
): AuthorityError | undefined {
  const { needed } = approvalsOf(authority, roster, request);
  if (person === request.person)
    return needed === 0
      ? undefined
      : new AuthorityError('own-request', 'the role asks for somebody else’s approval');
  return mayAnswer(authority, roster, request, person) ? undefined : notAnApprover(person);
}

function notAnApprover(person: string): AuthorityError {
  return new AuthorityError('not-an-approver', `${person} may not approve this request`);
}
