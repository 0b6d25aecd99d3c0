/**
 * The issuance cycle from the touch on; `ask.ts` is the part before it. In order: the touch is verified (5); policy decides,
 * and a lease is taken, in one transaction (7); each draft is signed and the signature verified (8); policy decides once more
 * while certificate and leaf are recorded in one durable transaction (9). Only then can a certificate be released, by
 * `release.ts` (10). A crash between any two steps leaves either nothing released or everything recorded, and a touched
 * request can be taken up again when its lease is over.
 */
import type { AssertionJson } from '../fido/assertion.ts';
import type { Authority } from './authority.ts';
import { refusalOf } from './cover.ts';
import type { Refusal } from './error.ts';
import { AuthorityError } from './error.ts';
import type { Speaker } from './find-request.ts';
import { findIssue } from './find-request.ts';
import { claimRosterKey } from './key-roles.ts';
import type { StoreWriter } from './ports.ts';
import { recordCertificates, serialOf } from './record.ts';
import type { Credential, IssueState, PendingIssue, RequestId, Touch } from './records.ts';
import { answered, assertAwaitsTouch } from './request-state.ts';
import { signDrafts } from './sign.ts';
import type { RequestTouch } from './touch.ts';
import { verifyRequestTouch } from './touch.ts';

/** How long one holder may take to sign; an HSM can be slow. */
const LEASE_SECONDS = 30;
const HOUR_SECONDS = 3600;

/**
 * Takes a touch for a request and issues what it covers.
 * @throws AuthorityError with the reason of a refusal: only now, to somebody who was authenticated, is one given.
 */
export async function touchRequest(
  authority: Authority,
  id: RequestId,
  speaker: Speaker,
  assertion: AssertionJson,
): Promise<PendingIssue> {
  const request = await authority.store.read((tx) => findIssue(tx, id, speaker));
  assertAwaitsTouch(authority, request);
  assertPageProven(request, speaker);
  const touched = await verifyRequestTouch(authority, request, assertion);
  const leased = await authority.store.write((tx) => acceptTouch(authority, tx, request, touched));
  return signAndRecord(authority, leased, touched.touch);
}

/** Takes up a request that was touched but whose signing never ended: its holder is gone. */
export async function resumeRequest(authority: Authority, request: PendingIssue): Promise<PendingIssue> {
  if (request.state.kind !== 'signing' || authority.clock.now() < request.state.leaseUntil) return request;
  const { touch } = request.state;
  try {
    const leased = await authority.store.write((tx) => lease(authority, tx, request, touch));
    return await signAndRecord(authority, leased, touch);
  } catch (error) {
    // Another poll was faster: what it makes of the request is this one's answer too.
    if (error instanceof AuthorityError && error.code === 'request-answered')
      return readAgain(authority, request);
    throw error;
  }
}

async function readAgain(authority: Authority, { id }: PendingIssue): Promise<PendingIssue> {
  const current = await authority.store.read((tx) => tx.findRequest(id));
  if (current?.action === 'issue') return current;
  throw new AuthorityError('unknown-request', 'this request is kept no more: ask again');
}

/** @throws AuthorityError with the reason when the request was refused after its touch. */
export function assertNotDenied(request: PendingIssue): void {
  if (request.state.kind !== 'denied') return;
  const { code, reason, access } = request.state.refusal;
  throw new AuthorityError(code, reason, access === undefined ? {} : { access });
}

async function signAndRecord(
  authority: Authority,
  leased: PendingIssue,
  touch: Touch,
): Promise<PendingIssue> {
  assertNotDenied(leased);
  const certificates = await signDrafts(authority, leased);
  const ended = await authority.store.write((tx) => record(authority, tx, leased, touch, certificates));
  assertNotDenied(ended);
  return ended;
}

function assertPageProven(request: PendingIssue, speaker: Speaker): void {
  if ('pageSecret' in speaker && request.page?.proof === 'none')
    throw new AuthorityError('page-not-proven', 'type the code that your terminal shows');
}

/** What a touch leaves behind stays even when it is refused: the counter, and the refusal itself. */
async function acceptTouch(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
  { touch, credential, counter }: RequestTouch,
): Promise<PendingIssue> {
  if (credential.source === 'roster') await keepRosterCredential(tx, credential);
  if (!(await tx.raiseCounter(credential.id, counter)))
    throw new AuthorityError(
      'touch-refused',
      'the counter of the security key did not grow (counter-rollback)',
    );
  return lease(authority, tx, request, touch);
}

async function keepRosterCredential(tx: StoreWriter, credential: Credential): Promise<void> {
  await claimRosterKey(tx, credential);
  await tx.insertCredential(credential);
}

async function lease(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
  touch: Touch,
): Promise<PendingIssue> {
  const refusal = await refusalNow(authority, tx, request, touch);
  if (refusal !== undefined) return advance(tx, request, { kind: 'denied', refusal });
  return advance(tx, request, {
    kind: 'signing',
    touch,
    leaseUntil: authority.clock.now() + LEASE_SECONDS,
  });
}

/** Asked before signing and again when recording: others of the person's requests may have been issued in between. */
async function refusalNow(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
  touch: Touch,
): Promise<Refusal | undefined> {
  return (await refusalOf(authority, tx, request, touch)) ?? refusalOfQuota(authority, tx, request);
}

/** Counts only what a person touched: a stranger can not use up anybody's share. */
async function refusalOfQuota(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
): Promise<Refusal | undefined> {
  const { perPersonHourly } = authority.bounds;
  const since = authority.clock.now() - HOUR_SECONDS;
  const issued = await tx.countIssued(request.person, since, perPersonHourly);
  if (issued + request.certificates.length <= perPersonHourly) return undefined;
  return { code: 'too-many-certificates', reason: `at most ${perPersonHourly} certificates an hour: wait` };
}

async function record(
  authority: Authority,
  tx: StoreWriter,
  leased: PendingIssue,
  touch: Touch,
  certificates: readonly Uint8Array[],
): Promise<PendingIssue> {
  const refusal = await refusalNow(authority, tx, leased, touch);
  if (refusal !== undefined) return advance(tx, leased, { kind: 'denied', refusal });
  // First, so that the slower one of two holders learns here that it is too late.
  const issued = await advance(tx, leased, { kind: 'issued', serials: certificates.map(serialOf) });
  await recordCertificates(authority, tx, leased, touch, certificates);
  return issued;
}

/** Moves a request on if nobody else did since it was read: that is what makes a touch count once. */
async function advance(tx: StoreWriter, request: PendingIssue, state: IssueState): Promise<PendingIssue> {
  if (!(await tx.updateRequest({ ...request, state }))) throw answered();
  return { ...request, state, version: request.version + 1 };
}
