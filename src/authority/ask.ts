/**
 * Steps 1 to 4 of the issuance cycle: parse, draft, keep. Nobody is authenticated yet, so nothing here depends on
 * whether the person exists or may have what is asked: the drafts follow from the question alone and from mandates
 * that strangers are shown for everybody. Whether they may is decided after the touch (`issue.ts`).
 */
import type { CertificateRequest, Grant, LoginRequest, SudoRequest } from '../policy/decision.ts';
import { refuseMalformed } from '../policy/malformed.ts';
import type { Roster } from '../policy/roster.ts';
import { shownGrant } from '../policy/shown-grant.ts';
import { SshError } from '../ssh/error.ts';
import { POSSESSION_NAMESPACE, possessionMessage } from '../ssh/possession.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { decodePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { awaitingTouch } from './awaiting-touch.ts';
import { activeKeys, noCaKey, peopleSign } from './ca-keys.ts';
import { draftCertificate } from './draft.ts';
import { AuthorityError } from './error.ts';
import { assertOneForSudo } from './pending-issue.ts';
import type { StoreReader } from './ports.ts';
import { isSignedBy } from './proof.ts';
import { assertLoggable } from './record.ts';
import type { DraftedCertificate, PendingIssue } from './records.ts';
import { asksApart } from './request-state.ts';
import { newRequestId, newSecret } from './secrets.ts';
import { clockSkew } from './skew.ts';
import type { TouchHints } from './touch-hints.ts';
import { readTouchHints } from './touch-hints.ts';

/** How far the caller's clock may be from ours for its proof of possession. */
const SKEW_SECONDS = 300;

export interface Question {
  readonly person: string;
  readonly certificates: readonly CertificateQuestion[];
  /** The network address that asks. */
  readonly from: string;
}

/** A certificate request whose key is not read yet, and still has to be shown to be the caller's. */
export type CertificateQuestion = (Unread<LoginRequest> | Unread<SudoRequest>) & {
  readonly key: Uint8Array;
  readonly possession: { readonly time: number; readonly signature: Uint8Array };
};

type Unread<Request> = Omit<Request, 'subject'>;

export interface Asked {
  readonly request: PendingIssue;
  readonly pollSecret: string;
  readonly hints: TouchHints;
}

export async function ask(authority: Authority, question: Question): Promise<Asked> {
  const now = authority.clock.now();
  assertOneForSudo(question.certificates.map(({ purpose }) => purpose));
  const requests = question.certificates.map((asked) =>
    parseQuestion(authority, question.person, asked, now),
  );
  const secret = newSecret(authority.random);
  return authority.store.write(async (tx) => {
    const roster = await authority.rosters.in(tx);
    const request = await draftRequest(authority, tx, roster, question, requests, secret.hash, now);
    await tx.insertRequest(request, authority.bounds.pool, now);
    return { request, pollSecret: secret.text, hints: await readTouchHints(authority, tx, request) };
  });
}

/** Decodes the key from its numbers and checks that the caller holds it. */
function parseQuestion(
  authority: Authority,
  person: string,
  asked: CertificateQuestion,
  now: number,
): CertificateRequest {
  const subject = parseSubject(asked.key);
  checkPossession(authority, person, asked, subject, now);
  const { key: _key, possession: _possession, ...wish } = asked;
  const request: CertificateRequest = { ...wish, subject };
  const malformed = refuseMalformed(request);
  if (malformed !== undefined) throw new AuthorityError(malformed.code, malformed.reason);
  return request;
}

/** Whether its point is on the curve shows when its proof of possession is verified. */
function parseSubject(blob: Uint8Array): PublicKey {
  try {
    return decodePublicKey(blob);
  } catch (cause) {
    if (cause instanceof SshError) throw new AuthorityError('bad-key', cause.message, { cause });
    throw cause;
  }
}

function checkPossession(
  authority: Authority,
  person: string,
  asked: CertificateQuestion,
  subject: PublicKey,
  now: number,
): void {
  const { time, signature } = asked.possession;
  if (Math.abs(time - now) > SKEW_SECONDS) throw clockSkew(time, now);
  const { origin } = authority;
  const message = possessionMessage({ origin, person, purpose: asked.purpose, key: subject, time });
  if (!isSignedBy(subject, POSSESSION_NAMESPACE, message, signature))
    throw new AuthorityError('possession-not-proven', 'the signature does not show that you hold the key');
}

async function draftRequest(
  authority: Authority,
  tx: StoreReader,
  roster: Roster,
  question: Question,
  requests: readonly CertificateRequest[],
  pollSecretHash: Uint8Array,
  now: number,
): Promise<PendingIssue> {
  const id = newRequestId(authority.random);
  const certificates: LoggableDraft[] = [];
  for (const request of requests) {
    const grant = shownGrant(roster, authority.decoySecret, question.person, request);
    if (requests.length > 1) assertNeedsNobodyElse(authority, request, grant);
    const authorities = await activeKeys(authority, tx, roster, request.purpose);
    certificates.push(draftOne(authority, authorities, question.person, id, request, grant, now));
  }
  assertLoggable(certificates);
  return pendingIssue(authority, question, id, pollSecretHash, certificates, now);
}

/** What waits for other people holds up nothing else. Strangers are told the same: it follows from what they are shown. */
function assertNeedsNobodyElse(authority: Authority, request: CertificateRequest, { approval }: Grant): void {
  if (approval.needed > 0 || peopleSign(authority, request.purpose)) throw asksApart();
}

type LoggableDraft = DraftedCertificate & { readonly touches: number };

function draftOne(
  authority: Authority,
  authorities: readonly PublicKey[],
  person: string,
  requestId: string,
  request: CertificateRequest,
  { terms, approval }: Grant,
  now: number,
): LoggableDraft {
  const { purpose, subject } = request;
  if (authorities.length === 0) throw noCaKey(purpose);
  const input = { purpose, holder: person, requestId, subject, terms, authorities, now };
  const drafts = draftCertificate(input, authority.random, authority.throwaway);
  return { request, drafts, touches: 1 + approval.needed };
}

function pendingIssue(
  authority: Authority,
  question: Question,
  id: string,
  pollSecretHash: Uint8Array,
  certificates: readonly DraftedCertificate[],
  now: number,
): PendingIssue {
  const awaited = awaitingTouch(authority, question, id, pollSecretHash, now);
  return { ...awaited, action: 'issue', certificates, state: { kind: 'pending' } };
}
