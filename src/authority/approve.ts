/**
 * Step 6: what other people say to a request that waits. Each answer is a touch of its own action over the request's digest, or
 * the signature of a CA key over a draft. An answer counts once, in one transaction: of two that race, the second sees the first.
 */
import { base64urlnopad } from '@scure/base';
import type { AssertionJson } from '../fido/assertion.ts';
import type { Answer } from '../fido/touch-digest.ts';
import { mayApprove } from '../policy/approve.ts';
import type { Roster } from '../policy/roster.ts';
import type { Authority } from './authority.ts';
import { signerOf } from './ca-keys.ts';
import type { CaSignature } from './ca-touch.ts';
import { verifyCaSignature } from './ca-touch.ts';
import type { Approvals } from './cover.ts';
import { approvalsOf, coverOf, decideDraft } from './cover.ts';
import { decoySeed } from './decoy.ts';
import { AuthorityError } from './error.ts';
import { acceptTouch, advance, proceed, signIfLeased } from './issue.ts';
import { approveBy } from './pending-issue.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import type { Consent, PendingIssue, RequestId, Touch } from './records.ts';
import { answerDigest } from './request-digest.ts';
import { assertAwaitsOthers } from './request-state.ts';
import { hashSecret, isSecret } from './secrets.ts';
import type { RequestTouch } from './touch.ts';
import { verifyTouchOf } from './touch.ts';

/** More are not listed at once; the oldest come first. */
const MOST_LISTED = 256;

/** A request that others can answer, and how far it has come. */
export interface Waiting extends Approvals {
  readonly request: PendingIssue;
  readonly approveBy: number;
  /** Shows whoever has it the request; it gives no right to answer. */
  readonly viewSecret: string;
  /** What an answer is: a touch of a credential, or the signature of a CA key. */
  readonly answer: 'touch' | 'signature';
}

/** The requests that this person can answer now, oldest first. */
export async function listApprovals(authority: Authority, person: string): Promise<readonly Waiting[]> {
  return authority.store.read(async (tx) => {
    const roster = await authority.rosters.in(tx);
    const waiting = await tx.listWaiting(authority.clock.now(), MOST_LISTED);
    const answerable = waiting.filter(
      (request) =>
        authority.clock.now() < approveBy(request) && mayAnswer(authority, roster, request, person),
    );
    return answerable.map((request) => waitingOf(authority, roster, request));
  });
}

/** What its command and its page may tell of a request that waits. @throws TypeError for one that does not */
export async function describeWaiting(authority: Authority, request: PendingIssue): Promise<Waiting> {
  const roster = await authority.store.read((tx) => authority.rosters.in(tx));
  return waitingOf(authority, roster, request);
}

/** @throws AuthorityError `unknown-request` for a wrong secret as for no request, or why it can not be answered any more */
export async function viewRequest(authority: Authority, id: RequestId, viewSecret: string): Promise<Waiting> {
  return authority.store.read(async (tx) => {
    const request = await findWaiting(authority, tx, id, viewSecret);
    return waitingOf(authority, await authority.rosters.in(tx), request);
  });
}

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
  const next = await authority.store.write(async (tx) => {
    const request = await findWaiting(authority, tx, id, viewSecret);
    const roster = await authority.rosters.in(tx);
    const caTouch = verifyCaSignature(authority, roster, request, offered);
    const refusal = refusalOfSigner(authority, roster, request, caTouch.person);
    if (refusal !== undefined) throw refusal;
    return proceed(authority, tx, request, { ...consentOf(request), caTouch });
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
  return proceed(authority, tx, request, { ...consent, approvals: [...approvals, touched.touch] });
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
  if (consentOf(request).approvals.some((approval) => approval.person === person))
    return new AuthorityError('already-approved', 'you have approved this already: it takes somebody else');
  return undefined;
}

function refusalOfSigner(
  authority: Authority,
  roster: Roster,
  request: PendingIssue,
  person: string,
): AuthorityError | undefined {
  const { needed } = approvalsOf(authority, roster, request, consentOf(request));
  if (person === request.person)
    return needed === 0
      ? undefined
      : new AuthorityError('own-request', 'the role asks for somebody else’s approval');
  return mayAnswer(authority, roster, request, person) ? undefined : notAnApprover(person);
}

function notAnApprover(person: string): AuthorityError {
  return new AuthorityError('not-an-approver', `${person} may not approve this request`);
}

/** Whether policy would take an answer of this person, who is not the one who asks. */
function mayAnswer(authority: Authority, roster: Roster, request: PendingIssue, person: string): boolean {
  if (person === request.person) return false;
  const now = authority.clock.now();
  const isOwner = roster.sudoCa.some((key) => key.person === person && key.state === 'active');
  if (answerKind(authority, request) === 'signature' && !isOwner) return false;
  return request.certificates.every((drafted) => {
    const grant = decideDraft(authority, roster, request, drafted);
    if (grant.kind === 'denial') return false;
    return grant.approval.needed === 0 ? isOwner : mayApprove(roster, person, grant.approval.approvers, now);
  });
}

function answerKind(authority: Authority, { certificates }: PendingIssue): Waiting['answer'] {
  const byPeople = certificates.some(({ request }) => signerOf(authority, request.purpose) === undefined);
  return byPeople ? 'signature' : 'touch';
}

function waitingOf(authority: Authority, roster: Roster, request: PendingIssue): Waiting {
  return {
    ...approvalsOf(authority, roster, request, consentOf(request)),
    request,
    approveBy: approveBy(request),
    viewSecret: viewSecretOf(authority, request.id),
    answer: answerKind(authority, request),
  };
}

function consentOf({ state }: PendingIssue): Consent {
  if (state.kind !== 'waiting') throw new TypeError('the request does not wait for anybody');
  return state.consent;
}

async function findWaiting(
  authority: Authority,
  tx: StoreReader,
  id: RequestId,
  viewSecret: string,
): Promise<PendingIssue> {
  const request = await tx.findRequest(id);
  const isShown = isSecret(viewSecret, hashSecret(viewSecretOf(authority, id)));
  if (request?.action !== 'issue' || !isShown)
    throw new AuthorityError(
      'unknown-request',
      'there is no such request: its address may be old or cut short',
    );
  assertAwaitsOthers(authority, request);
  return request;
}

/** Derived, so that nothing more is stored, and any process can show it to whoever may approve. */
function viewSecretOf({ decoySecret }: Authority, id: RequestId): string {
  return base64urlnopad.encode(decoySeed(decoySecret, 'approval view', id));
}
