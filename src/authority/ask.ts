/**
 * Steps 1 to 4 of the issuance cycle: parse, draft, keep. Nobody is authenticated yet, so nothing here depends on
 * whether the person exists or may have what is asked: the drafts follow from the question alone and from mandates
 * that strangers are shown for everybody. Whether they may is decided after the touch (`issue.ts`).
 */
import type { CertificateRequest, Terms } from '../policy/decision.ts';
import { refuseMalformed } from '../policy/malformed.ts';
import { networkOf } from '../policy/network.ts';
import type { Roster } from '../policy/roster.ts';
import { shownGrant } from '../policy/shown-grant.ts';
import { SshError } from '../ssh/error.ts';
import { POSSESSION_NAMESPACE, possessionMessage } from '../ssh/possession.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { decodePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { draftCertificate } from './draft.ts';
import { AuthorityError } from './error.ts';
import { isSignedBy } from './proof.ts';
import { assertLoggable } from './record.ts';
import type { DraftedCertificate, PendingIssue } from './records.ts';
import { newRequestId, newSecret } from './secrets.ts';
import { clockSkew } from './skew.ts';
import type { TouchHints } from './touch-hints.ts';
import { readTouchHints } from './touch-hints.ts';

/** How long a request waits for its touch. */
const TOUCH_SECONDS = 120;
/** How long after that the result can be fetched again. */
const KEEP_SECONDS = 600;
/** How far the caller's clock may be from ours for its proof of possession. */
const SKEW_SECONDS = 300;

export interface Question {
  readonly person: string;
  readonly certificates: readonly CertificateQuestion[];
  /** The network address that asks. */
  readonly from: string;
}

export interface CertificateQuestion {
  readonly purpose: 'login';
  readonly key: Uint8Array;
  readonly logins: readonly string[];
  readonly hosts: readonly string[];
  readonly lifetime?: number;
  readonly possession: { readonly time: number; readonly signature: Uint8Array };
}

export interface Asked {
  readonly request: PendingIssue;
  readonly pollSecret: string;
  readonly hints: TouchHints;
}

export async function ask(authority: Authority, question: Question): Promise<Asked> {
  const now = authority.clock.now();
  const requests = question.certificates.map((asked) =>
    parseQuestion(authority, question.person, asked, now),
  );
  const secret = newSecret(authority.random);
  return authority.store.write(async (tx) => {
    const roster = await authority.rosters.in(tx);
    const request = draftRequest(authority, roster, question, requests, secret.hash, now);
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
  const { purpose, logins, hosts, lifetime } = asked;
  const request = { purpose, subject, logins, hosts, ...(lifetime === undefined ? {} : { lifetime }) };
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

function draftRequest(
  authority: Authority,
  roster: Roster,
  question: Question,
  requests: readonly CertificateRequest[],
  pollSecretHash: Uint8Array,
  now: number,
): PendingIssue {
  const id = newRequestId(authority.random);
  const certificates = requests.map((request) => {
    const { terms } = shownGrant(roster, authority.decoySecret, question.person, request);
    const draft = draftOne(authority, question.person, id, request, terms, now);
    assertLoggable(draft, requests.length);
    return { request, draft };
  });
  return pendingIssue(authority, question, id, pollSecretHash, certificates, now);
}

function draftOne(
  authority: Authority,
  person: string,
  requestId: string,
  request: CertificateRequest,
  terms: Terms,
  now: number,
): Uint8Array {
  const { purpose, subject } = request;
  const signer = authority.signers[purpose].publicKey;
  const input = { purpose, holder: person, requestId, subject, terms, authority: signer, now };
  return draftCertificate(input, authority.random, authority.throwaway);
}

function pendingIssue(
  authority: Authority,
  question: Question,
  id: string,
  pollSecretHash: Uint8Array,
  certificates: readonly DraftedCertificate[],
  now: number,
): PendingIssue {
  return {
    action: 'issue',
    id,
    person: question.person,
    nonce: authority.random.bytes(32),
    createdAt: now,
    expiresAt: now + TOUCH_SECONDS,
    keepUntil: now + TOUCH_SECONDS + KEEP_SECONDS,
    askedFrom: question.from,
    askedNetwork: networkOf(question.from),
    pollSecretHash,
    version: 0,
    certificates,
    state: { kind: 'pending' },
  };
}
