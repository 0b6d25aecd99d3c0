/** Requests that wait for other people: who may answer them, and what those people are shown. */
import { base64urlnopad } from '@scure/base';
import { isSudoSigner, mayApprove, mayApproveAnything } from '../policy/approve.ts';
import type { Roster } from '../policy/roster.ts';
import type { Authority } from './authority.ts';
import { peopleSign } from './ca-keys.ts';
import type { Approvals } from './cover.ts';
import { countApprovals, decideDraft } from './cover.ts';
import { decoySeed } from './decoy.ts';
import { AuthorityError } from './error.ts';
import { approveBy } from './pending-issue.ts';
import type { StoreReader } from './ports.ts';
import type { Consent, PendingIssue, RequestId } from './records.ts';
import { assertAwaitsOthers } from './request-state.ts';
import { hashSecret, isSecret } from './secrets.ts';

/** More are not listed at once; the oldest come first. */
const MOST_LISTED = 256;
/** Of everybody's; beyond it those of people with many of them would hide the others'. */
const MOST_LOOKED_AT = 2048;

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
    const [roster, now] = [await authority.rosters.in(tx), authority.clock.now()];
    if (!mayApproveAnything(roster, person, now)) return [];
    const waiting = await tx.listWaiting(now, MOST_LOOKED_AT);
    const answerable = waiting.filter(
      (request) => now < approveBy(request) && mayAnswer(authority, roster, request, person),
    );
    return answerable.slice(0, MOST_LISTED).map((request) => waitingOf(authority, roster, request));
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

/** How many approvals a request takes now, and how many it has. One that policy refuses by now takes none. */
export function approvalsOf(authority: Authority, roster: Roster, request: PendingIssue): Approvals {
  const decisions = request.certificates.map((drafted) => decideDraft(authority, roster, request, drafted));
  const grants = decisions.filter((decision) => decision.kind === 'grant');
  return countApprovals(grants, request, consentOf(request));
}

/** Whether policy would take an answer of this person, who is not the one who asks. */
export function mayAnswer(
  authority: Authority,
  roster: Roster,
  request: PendingIssue,
  person: string,
): boolean {
  if (person === request.person) return false;
  const now = authority.clock.now();
  const isOwner = isSudoSigner(roster, person, now);
  if (answerKind(authority, request) === 'signature' && !isOwner) return false;
  return request.certificates.every((drafted) => {
    const grant = decideDraft(authority, roster, request, drafted);
    if (grant.kind === 'denial') return false;
    return grant.approval.needed === 0 ? isOwner : mayApprove(roster, person, grant.approval.approvers, now);
  });
}

export function answerKind(authority: Authority, { certificates }: PendingIssue): Waiting['answer'] {
  const byPeople = certificates.some(({ request }) => peopleSign(authority, request.purpose));
  return byPeople ? 'signature' : 'touch';
}

function waitingOf(authority: Authority, roster: Roster, request: PendingIssue): Waiting {
  return {
    ...approvalsOf(authority, roster, request),
    request,
    approveBy: approveBy(request),
    viewSecret: viewSecretOf(authority, request.id),
    answer: answerKind(authority, request),
  };
}

/** Whether this person has said yes to a request that waits. */
export function hasApproved(request: PendingIssue, person: string): boolean {
  return consentOf(request).approvals.some((approval) => approval.person === person);
}

export function consentOf({ state }: PendingIssue): Consent {
  if (state.kind !== 'waiting') throw new TypeError('the request does not wait for anybody');
  return state.consent;
}

/** @throws AuthorityError `unknown-request` for a wrong secret as for no request, or why it can not be answered any more */
export async function findWaiting(
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
