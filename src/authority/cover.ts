/**
 * Step 7: whether the roster, the credentials and the CA keys of this very moment still cover every draft of a request, and
 * whether everybody whose touch it takes has given it. Asked after each touch, before the drafts are signed, and once more in
 * the transaction that records them.
 */
import { accessOf } from '../policy/access.ts';
import { mayApprove, sudoCaKeyOf } from '../policy/approve.ts';
import { decideAgain } from '../policy/decide.ts';
import type { Grant } from '../policy/decision.ts';
import type { Roster } from '../policy/roster.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import { fingerprint, samePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { activeKeys, noCaKey, peopleSign } from './ca-keys.ts';
import { findLiveCredential } from './credential.ts';
import { draftFields, termsOfFields } from './draft.ts';
import type { AuthorityErrorCode, Refusal } from './error.ts';
import { draftAt } from './pending-issue.ts';
import type { StoreReader } from './ports.ts';
import type { CaTouch, Consent, DraftedCertificate, PendingIssue, Touch } from './records.ts';
import { asksApart } from './request-state.ts';
import { refusalOfTouch } from './touch-policy.ts';

export type Cover =
  | { readonly kind: 'covered' }
  /** Nothing is wrong so far, but other people have to approve or to sign. */
  | { readonly kind: 'incomplete'; readonly approvals: Approvals }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface Approvals {
  readonly needed: number;
  readonly given: number;
}

/** What a question of cover is about: the transaction's own view of things. */
interface Moment {
  readonly authority: Authority;
  readonly tx: StoreReader;
  readonly roster: Roster;
  readonly now: number;
  readonly request: PendingIssue;
  readonly consent: Consent;
}

export async function coverOf(
  authority: Authority,
  tx: StoreReader,
  request: PendingIssue,
  consent: Consent,
): Promise<Cover> {
  const [now, roster] = [authority.clock.now(), await authority.rosters.in(tx)];
  const moment = { authority, tx, roster, now, request, consent };
  const grants = grantsOf(moment);
  if ('code' in grants) return refused(moment, grants);
  const refusal =
    (await refusalOfKeys(moment)) ??
    refusalOfOthers(moment, grants) ??
    (await refusalOfTouches(moment, grants));
  return refusal === undefined ? completeness(moment, grants) : refused(moment, refusal);
}

/** How many approvals a request takes under these grants, and how many it has. */
export function countApprovals(
  grants: readonly Grant[],
  request: PendingIssue,
  { approvals, caTouch }: Consent,
): Approvals {
  const needed = Math.max(0, ...grants.map(({ approval }) => approval.needed));
  const byOwner = caTouch !== undefined && caTouch.person !== request.person;
  return { needed, given: approvals.length + Number(byOwner) };
}

/** The grant of this moment for a draft of before. */
export function decideDraft(
  { clock }: Pick<Authority, 'clock'>,
  roster: Roster,
  { person, createdAt }: PendingIssue,
  { request, drafts }: DraftedCertificate,
): ReturnType<typeof decideAgain> {
  const [draft = new Uint8Array()] = drafts;
  const asDrafted = { terms: termsOfFields(draftFields(draft)), at: createdAt };
  return decideAgain(roster, person, request, asDrafted, clock.now());
}

function grantsOf({ authority, roster, request }: Moment): readonly Grant[] | Refusal {
  const grants: Grant[] = [];
  for (const drafted of request.certificates) {
    const answer = decideDraft(authority, roster, request, drafted);
    if (answer.kind === 'denial') return refuse(answer.code, answer.reason);
    grants.push(answer);
  }
  return grants;
}

/** Each draft names a CA key that is active now, and certifies a key that counts and does nothing else. */
async function refusalOfKeys({
  authority,
  tx,
  roster,
  request,
  consent,
}: Moment): Promise<Refusal | undefined> {
  for (const { request: asked, drafts } of request.certificates) {
    const completed = consent.caTouch === undefined ? drafts : [draftAt(request, consent.caTouch.draft)];
    const active = await activeKeys(authority, tx, roster, asked.purpose);
    if (active.length === 0) return refuse('no-ca-key', noCaKey(asked.purpose).message);
    if (!completed.some((draft) => active.some((key) => samePublicKey(key, draftFields(draft).authority))))
      return refuse('ca-key-changed', 'the CA keys were replaced since you asked: ask again');
    if (await tx.isKeyRevoked(fingerprint(asked.subject)))
      return refuse('key-revoked', 'this key was revoked: use another one');
    // A key that touches, or that signs certificates, must not sit in an agent as a subject.
    const use = await tx.keyUse(keyIdentity(asked.subject));
    if (use !== undefined && use.role !== asked.purpose)
      return refuse('key-has-role', `this key is used for "${use.role}" already: use another one`);
  }
  return undefined;
}

/** Whoever approved or signed is somebody else who may, and still there. */
function refusalOfOthers(moment: Moment, grants: readonly Grant[]): Refusal | undefined {
  const { roster, now, request, consent } = moment;
  if (request.certificates.length > 1 && needsOthers(moment, grants))
    return refuse('ask-apart', asksApart().message);
  const approvers = consent.approvals.map(({ person }) => person);
  for (const { approval } of grants.filter((grant) => grant.approval.needed > 0)) {
    const others = [...approvers, ...(consent.caTouch === undefined ? [] : [consent.caTouch.person])];
    const foreign = others.find((person) => !mayApprove(roster, person, approval.approvers, now));
    if (foreign !== undefined) return refuse('not-an-approver', `${foreign} may not approve this`);
    if (others.includes(request.person))
      return refuse('own-request', 'your role asks for the approval of somebody else');
  }
  return consent.caTouch === undefined ? undefined : refusalOfCaTouch(moment, consent.caTouch, grants);
}

function refusalOfCaTouch(
  { roster, now, request, consent }: Moment,
  { draft, person, userVerified }: CaTouch,
  grants: readonly Grant[],
): Refusal | undefined {
  const found = sudoCaKeyOf(roster, draftFields(draftAt(request, draft)).authority, now);
  if (found?.caKey.person !== person || !found.isOwnerLive)
    return refuse('signature-refused', `the CA key is not one of ${person} any more`);
  if (grants.some(({ touch }) => touch.userVerification) && !userVerified)
    return refuse(
      'user-verification-required',
      'the role asks for a PIN or fingerprint with the CA signature',
    );
  // Nothing is known of the model of a CA key: where that counts, it can not stand for the holder's touch.
  if (grants.some(({ touch }) => touch.attestation.required) && consent.touch === undefined)
    return refuse('attestation-required', 'the role asks for a touch of an attested model, too: touch first');
  return undefined;
}

/** The holder's touch, and each approval, by a credential that is live and does what the role asks for. */
async function refusalOfTouches(moment: Moment, grants: readonly Grant[]): Promise<Refusal | undefined> {
  const { touch, approvals, caTouch } = moment.consent;
  if (touch === undefined && caTouch?.person !== moment.request.person)
    throw new TypeError('a certificate is never issued without its holder’s touch');
  for (const one of [...(touch === undefined ? [] : [touch]), ...approvals]) {
    const refusal = await refusalOfCredential(moment, one, grants);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

async function refusalOfCredential(
  { tx, roster, now, request }: Moment,
  touch: Touch,
  grants: readonly Grant[],
): Promise<Refusal | undefined> {
  const credential = await findLiveCredential(tx, roster, touch.person, touch.credentialId, now);
  if (credential === undefined)
    return refuse('unknown-credential', `the security key of ${touch.person} was removed meanwhile`);
  // Where the page is open says something of the holder's touch alone.
  const page = touch.person === request.person ? request.page : undefined;
  for (const grant of grants) {
    const refusal = refusalOfTouch(grant.touch, touch, credential, page);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function completeness(moment: Moment, grants: readonly Grant[]): Cover {
  const { request, consent } = moment;
  const approvals = countApprovals(grants, request, consent);
  const isSigned = consent.caTouch !== undefined || !needsSigner(moment);
  const isComplete = isSigned && approvals.given >= approvals.needed;
  return isComplete ? { kind: 'covered' } : { kind: 'incomplete', approvals };
}

function needsOthers(moment: Moment, grants: readonly Grant[]): boolean {
  return needsSigner(moment) || grants.some(({ approval }) => approval.needed > 0);
}

function needsSigner({ authority, request }: Moment): boolean {
  return request.certificates.some((drafted) => peopleSign(authority, drafted.request.purpose));
}

/** With what the person may ask for instead. */
function refused({ roster, request, now }: Moment, refusal: Refusal): Cover {
  const access = accessOf(roster, request.person, now);
  return { kind: 'refused', refusal: access === undefined ? refusal : { ...refusal, access } };
}

function refuse(code: AuthorityErrorCode, reason: string): Refusal {
  return { code, reason };
}
