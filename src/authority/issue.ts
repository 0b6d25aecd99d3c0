/**
 * The issuance cycle from the touch on; `ask.ts` is the part before it. In order: the touch is verified (5); policy decides,
 * and either a lease is taken, in one transaction (7), or the request waits for other people (6, `approve.ts`); each draft is
 * signed and the signature verified (8); policy decides once more while certificate and leaf are recorded in one durable
 * transaction (9). Only then can a certificate be released, by `release.ts` (10). A crash between any two steps leaves either
 * nothing released or everything recorded, and a touched request can be taken up again when its lease is over.
 */
import type { AssertionJson } from '../fido/assertion.ts';
import type { Authority } from './authority.ts';
import { KEEP_SECONDS } from './awaiting-touch.ts';
import type { CaSignature } from './ca-touch.ts';
import { verifyOwnSignature } from './ca-touch.ts';
import { coverOf } from './cover.ts';
import type { Refusal } from './error.ts';
import { AuthorityError } from './error.ts';
import type { Speaker } from './find-request.ts';
import { findIssue } from './find-request.ts';
import { claimRosterKey } from './key-roles.ts';
import { approveBy } from './pending-issue.ts';
import type { StoreWriter } from './ports.ts';
import { recordCertificates, serialOf } from './record.ts';
import type { Consent, Credential, IssueState, PendingIssue, RequestId } from './records.ts';
import { answered, assertAwaitsTouch, assertPageProven } from './request-state.ts';
import { signDrafts } from './sign.ts';
import type { RequestTouch } from './touch.ts';
import { verifyRequestTouch } from './touch.ts';

/** How long one holder may take to sign; an HSM can be slow. */
const LEASE_SECONDS = 30;
const HOUR_SECONDS = 3600;

/**
 * Takes a touch for a request and issues what it covers, or lets it wait for the people who have to approve.
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
  const consent = { touch: touched.touch, approvals: [] };
  const next = await authority.store.write(async (tx) => {
    await acceptTouch(tx, touched);
    return proceed(authority, tx, request, consent);
  });
  return allowed(await signIfLeased(authority, next));
}

/**
 * The person who asks has a CA key for this: its signature is the only touch that it takes.
 * @throws AuthorityError `signature-refused`, and the reason of a refusal to whoever could sign.
 */
export async function signOwnRequest(
  authority: Authority,
  id: RequestId,
  pollSecret: string,
  offered: CaSignature,
): Promise<PendingIssue> {
  const speaker = { pollSecret };
  const seen = await authority.store.read(async (tx) => ({
    request: await findIssue(tx, id, speaker),
    roster: await authority.rosters.in(tx),
  }));
  assertAwaitsTouch(authority, seen.request);
  const caTouch = verifyOwnSignature(authority, seen.roster, seen.request, offered);
  const next = await authority.store.write((tx) =>
    proceed(authority, tx, seen.request, { approvals: [], caTouch }),
  );
  return allowed(await signIfLeased(authority, next));
}

/** Takes up a request that was touched but whose signing never ended: its holder is gone. */
export async function resumeRequest(authority: Authority, request: PendingIssue): Promise<PendingIssue> {
  if (request.state.kind !== 'signing' || authority.clock.now() < request.state.leaseUntil) return request;
  const { consent } = request.state;
  try {
    const leased = await authority.store.write((tx) => proceed(authority, tx, request, consent));
    return allowed(await signIfLeased(authority, leased));
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

/**
 * For the person who asked, who is told what to ask for instead.
 * @throws AuthorityError with the reason when the request was refused after its touch.
 */
export function allowed(request: PendingIssue): PendingIssue {
  if (request.state.kind !== 'denied') return request;
  const { code, reason, access } = request.state.refusal;
  throw new AuthorityError(code, reason, access === undefined ? {} : { access });
}

/** Steps 8 and 9, for whoever took the lease; what the request has come to may also be a denial. */
export async function signIfLeased(authority: Authority, request: PendingIssue): Promise<PendingIssue> {
  if (request.state.kind !== 'signing') return request;
  const { consent } = request.state;
  const certificates = await signDrafts(authority, request, consent);
  return authority.store.write((tx) => record(authority, tx, request, consent, certificates));
}

/** What a touch leaves behind stays even when it is refused: the counter. */
export async function acceptTouch(tx: StoreWriter, { credential, counter }: RequestTouch): Promise<void> {
  if (credential.source === 'roster') await keepRosterCredential(tx, credential);
  if (!(await tx.raiseCounter(credential.id, counter)))
    throw new AuthorityError(
      'touch-refused',
      'the counter of the security key did not grow (counter-rollback)',
    );
}

async function keepRosterCredential(tx: StoreWriter, credential: Credential): Promise<void> {
  await claimRosterKey(tx, credential);
  await tx.insertCredential(credential);
}

/** After each consent: refused for good, waiting for more, or leased to be signed. */
export async function proceed(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
  consent: Consent,
): Promise<PendingIssue> {
  const cover = await coverOf(authority, tx, request, consent);
  if (cover.kind === 'incomplete') return letWait(authority, tx, request, consent);
  const refusal = cover.kind === 'refused' ? cover.refusal : await refusalOfQuota(authority, tx, request);
  if (refusal !== undefined) return advance(tx, request, { kind: 'denied', refusal });
  const leaseUntil = authority.clock.now() + LEASE_SECONDS;
  return advance(tx, request, { kind: 'signing', consent, leaseUntil });
}

async function letWait(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
  consent: Consent,
): Promise<PendingIssue> {
  const [now, most] = [authority.clock.now(), authority.bounds.waitingPerPerson];
  if (request.state.kind === 'pending' && (await tx.countWaiting(request.person, now, most)) >= most)
    return advance(tx, request, { kind: 'denied', refusal: tooManyWaiting(most) });
  const keepUntil = Math.max(request.keepUntil, approveBy(request) + KEEP_SECONDS);
  return advance(tx, { ...request, keepUntil }, { kind: 'waiting', consent });
}

function tooManyWaiting(most: number): Refusal {
  return { code: 'too-many-waiting', reason: `${most} requests of yours wait for approval already` };
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
  consent: Consent,
  certificates: readonly Uint8Array[],
): Promise<PendingIssue> {
  const refusal = await refusalNow(authority, tx, leased, consent);
  if (refusal !== undefined) return advance(tx, leased, { kind: 'denied', refusal });
  // First, so that the slower one of two holders learns here that it is too late.
  const issued = await advance(tx, leased, { kind: 'issued', serials: certificates.map(serialOf) });
  await recordCertificates(authority, tx, leased, consent, certificates);
  return issued;
}

/** Asked again when recording: others of the person's requests may have been issued, the roster replaced in between. */
async function refusalNow(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
  consent: Consent,
): Promise<Refusal | undefined> {
  const cover = await coverOf(authority, tx, request, consent);
  if (cover.kind === 'refused') return cover.refusal;
  if (cover.kind === 'incomplete')
    return { code: 'policy-changed', reason: 'it takes more approvals since this moment: ask again' };
  return refusalOfQuota(authority, tx, request);
}

/** Moves a request on if nobody else did since it was read: that is what makes a touch count once. */
export async function advance(
  tx: StoreWriter,
  request: PendingIssue,
  state: IssueState,
): Promise<PendingIssue> {
  if (!(await tx.updateRequest({ ...request, state }))) throw answered();
  return { ...request, state, version: request.version + 1 };
}
