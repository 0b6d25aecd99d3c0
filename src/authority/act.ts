/**
 * Acts: what a person does to the authority itself, with one touch over exactly this. Asking tells nothing and changes nothing;
 * whether the person may is decided after the touch, in the one transaction that carries the act out and logs it. So it is
 * done once or not at all, and its result is kept: a reply that was lost can be fetched again.
 */
import type { AssertionJson } from '../fido/assertion.ts';
import { MAX_PARAMETER_BYTES } from '../log/act-bodies.ts';
import { encodeLeaf } from '../log/leaf.ts';
import { decideAct } from '../policy/decide-act.ts';
import type { Act } from '../ssh/act.ts';
import { actParameters } from '../ssh/act.ts';
import type { Authority } from './authority.ts';
import { awaitingTouch } from './awaiting-touch.ts';
import { carryOut } from './carry-out.ts';
import { findLiveCredential } from './credential.ts';
import type { Refusal } from './error.ts';
import { AuthorityError } from './error.ts';
import type { Speaker } from './find-request.ts';
import { findAct } from './find-request.ts';
import { acceptTouch } from './issue.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import { loggedTouch } from './record.ts';
import type { PendingAct, RequestId, Touch } from './records.ts';
import {
  answered,
  assertKept,
  assertNotRejected,
  assertPageProven,
  assertTouchable,
} from './request-state.ts';
import { newRequestId, newSecret } from './secrets.ts';
import type { RequestTouch } from './touch.ts';
import { verifyRequestTouch } from './touch.ts';
import type { TouchHints } from './touch-hints.ts';
import { readActHints } from './touch-hints.ts';
import { refusalOfTouch } from './touch-policy.ts';

export interface ActQuestion {
  readonly person: string;
  readonly act: Act;
  /** The network address that asks. */
  readonly from: string;
}

export interface AskedAct {
  readonly request: PendingAct;
  readonly pollSecret: string;
  readonly hints: TouchHints;
}

/** @throws SshError `bad-act` for one that nobody can do; AuthorityError `too-large-to-log` */
export async function askAct(authority: Authority, question: ActQuestion): Promise<AskedAct> {
  assertLoggable(question.act);
  const secret = newSecret(authority.random);
  return authority.store.write(async (tx) => {
    const now = authority.clock.now();
    const id = newRequestId(authority.random);
    const awaited = awaitingTouch(authority, question, id, secret.hash, now);
    const request: PendingAct = { ...awaited, action: 'act', act: question.act, state: { kind: 'pending' } };
    await tx.insertRequest(request, authority.bounds.pool, now);
    return { request, pollSecret: secret.text, hints: await readActHints(authority, tx, request) };
  });
}

/**
 * @returns the act as it was carried out, by this touch or by one before it.
 * @throws AuthorityError with the reason of a refusal: only now, to somebody who was authenticated, is one given.
 */
export async function touchAct(
  authority: Authority,
  id: RequestId,
  speaker: Speaker,
  assertion: AssertionJson,
): Promise<PendingAct> {
  const request = await authority.store.read((tx) => findAct(tx, id, speaker));
  assertPageProven(request, speaker);
  if (request.state.kind !== 'pending') return settled(authority, request);
  assertTouchable(authority, request);
  const touched = await verifyRequestTouch(authority, request, assertion);
  return settled(authority, await takeTouch(authority, request, touched));
}

/** What an act has come to, for the command that asked. @throws AuthorityError with the reason of a refusal */
export async function actResult(
  authority: Authority,
  id: RequestId,
  pollSecret: string,
): Promise<PendingAct> {
  const request = await authority.store.read((tx) => findAct(tx, id, { pollSecret }));
  if (request.state.kind === 'pending') assertTouchable(authority, request);
  return settled(authority, request);
}

/** What can not be recorded must not even be asked for. */
function assertLoggable(act: Act): void {
  if (actParameters(act).length > MAX_PARAMETER_BYTES)
    throw new AuthorityError('too-large-to-log', 'this would be too large for the log: name fewer hosts');
}

function settled(authority: Authority, request: PendingAct): PendingAct {
  assertKept(authority, request);
  assertNotRejected(request);
  if (request.state.kind !== 'denied') return request;
  const { code, reason } = request.state.refusal;
  throw new AuthorityError(code, reason);
}

/** An act that can not be carried out is undone with its transaction; that it was touched and refused stays all the same. */
async function takeTouch(
  authority: Authority,
  request: PendingAct,
  touched: RequestTouch,
): Promise<PendingAct> {
  try {
    return await authority.store.write((tx) => decideAndDo(authority, tx, request, touched));
  } catch (error) {
    if (!(error instanceof NotCarriedOut)) throw error;
    const { refusal } = error;
    return authority.store.write((tx) =>
      settle(tx, request, touched, async () => ({ kind: 'denied', refusal })),
    );
  }
}

class NotCarriedOut extends Error {
  readonly refusal: Refusal;

  constructor(cause: AuthorityError) {
    super(cause.message, { cause });
    this.refusal = { code: cause.code, reason: cause.message };
  }
}

function decideAndDo(
  authority: Authority,
  tx: StoreWriter,
  request: PendingAct,
  touched: RequestTouch,
): Promise<PendingAct> {
  return settle(tx, request, touched, async (current) => {
    const now = authority.clock.now();
    const refusal = await refusalOf(authority, tx, current, touched.touch, now);
    if (refusal !== undefined) return { kind: 'denied', refusal };
    await tx.appendLeaf(await actLeaf(authority, tx, current, touched.touch, now));
    const result = await carryOut(authority, tx, current.act, current.person, now).catch(refuse);
    return { kind: 'done', result };
  });
}

function refuse(error: unknown): never {
  throw error instanceof AuthorityError ? new NotCarriedOut(error) : error;
}

/** Gives a request that still waits its end. Of two touches at once the second finds what the first one did. */
async function settle(
  tx: StoreWriter,
  { id }: PendingAct,
  touched: RequestTouch,
  end: (current: PendingAct) => Promise<PendingAct['state']>,
): Promise<PendingAct> {
  const current = await tx.findRequest(id);
  if (current?.action !== 'act')
    throw new AuthorityError('unknown-request', 'this request is kept no more: ask again');
  if (current.state.kind !== 'pending') return current;
  await acceptTouch(tx, touched);
  const next = { ...current, state: await end(current) };
  if (!(await tx.updateRequest(next))) throw answered();
  return { ...next, version: next.version + 1 };
}

/** By the roster and the credentials of this very moment. */
async function refusalOf(
  authority: Authority,
  tx: StoreReader,
  { person, act, page }: PendingAct,
  touch: Touch,
  now: number,
): Promise<Refusal | undefined> {
  const roster = await authority.rosters.in(tx);
  const decision = decideAct(roster, person, act, now);
  if (decision.kind === 'denial') return { code: decision.code, reason: decision.reason };
  const credential = await findLiveCredential(tx, roster, person, touch.credentialId, now);
  if (credential === undefined)
    return { code: 'unknown-credential', reason: 'your security key was removed meanwhile' };
  return refusalOfTouch(decision.touch, touch, credential, page);
}

/** Stands before the leaves of what the act changes. */
async function actLeaf(
  authority: Authority,
  tx: StoreReader,
  { id: requestId, nonce, expiresAt, act }: PendingAct,
  touch: Touch,
  recordedAt: number,
): Promise<Uint8Array> {
  const { digest: rosterDigest } = await authority.rosters.in(tx);
  const { origin } = authority;
  const touched = { rosterDigest, origin, requestId, nonce, expiresAt };
  const what = { action: act.kind, parameters: actParameters(act), touch: loggedTouch(touch) };
  return encodeLeaf({ kind: 'act', recordedAt, ...touched, ...what });
}
