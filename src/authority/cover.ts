/**
 * Step 7: whether the roster, the credentials and the CA keys of this very moment still cover every draft of a touched
 * request. Asked before the drafts are signed and once more in the transaction that records them.
 */
import { rootFingerprint } from '../fido/attestation-chain.ts';
import { accessOf } from '../policy/access.ts';
import { decideAgain } from '../policy/decide.ts';
import type { Roster, TouchPolicy } from '../policy/roster.ts';
import { decodeDraft } from '../ssh/certificate.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import { samePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { findLiveCredential } from './credential.ts';
import { termsOfFields } from './draft.ts';
import type { AuthorityErrorCode, Refusal } from './error.ts';
import type { StoreReader } from './ports.ts';
import type { Credential, DraftedCertificate, PendingIssue, Touch } from './records.ts';

/** @returns undefined when everything is covered, else the first reason why not. */
export async function refusalOf(
  authority: Authority,
  tx: StoreReader,
  request: PendingIssue,
  touch: Touch,
): Promise<Refusal | undefined> {
  const now = authority.clock.now();
  const roster = await authority.rosters.in(tx);
  const credential = await findLiveCredential(tx, roster, request.person, touch.credentialId, now);
  if (credential === undefined)
    return refuse('unknown-credential', 'this security key was removed meanwhile');
  for (const drafted of request.certificates) {
    const refusal =
      refusalOfDraft(authority, roster, request, drafted, touch, credential) ??
      (await refusalOfKey(tx, drafted));
    if (refusal !== undefined) return withAccess(refusal, roster, request.person, now);
  }
  return undefined;
}

function refusalOfDraft(
  authority: Authority,
  roster: Roster,
  request: PendingIssue,
  drafted: DraftedCertificate,
  touch: Touch,
  credential: Credential,
): Refusal | undefined {
  const fields = decodeDraft(drafted.draft);
  const asDrafted = { terms: termsOfFields(fields), at: request.createdAt };
  const answer = decideAgain(roster, request.person, drafted.request, asDrafted, authority.clock.now());
  if (answer.kind === 'denial') return refuse(answer.code, answer.reason);
  if (!samePublicKey(fields.authority, authority.signers[drafted.request.purpose].publicKey))
    return refuse('ca-key-changed', 'the CA key was replaced since you asked: ask again');
  return refusalOfTouch(answer.touch, request, touch, credential);
}

function refusalOfTouch(
  policy: TouchPolicy,
  request: PendingIssue,
  touch: Touch,
  credential: Credential,
): Refusal | undefined {
  if (policy.userVerification && !touch.userVerified)
    return refuse('user-verification-required', 'your role asks for a PIN or fingerprint with the touch');
  if (policy.sameMachine && request.page?.proof === 'code')
    return refuse('touched-elsewhere', 'your role asks for a touch on the machine where the command runs');
  const { attestation } = policy;
  if (attestation.required && !isAttested(credential, attestation))
    return refuse('attestation-required', 'your role asks for a security key of a listed, attested model');
  return undefined;
}

/** By one of the roots that the role trusts now: what another one said of the model counts for nothing. */
function isAttested(
  { aaguid, attestedBy }: Credential,
  { aaguids, roots }: { readonly aaguids: readonly string[]; readonly roots: readonly string[] },
): boolean {
  const isListed = aaguid !== undefined && aaguids.includes(aaguid);
  return isListed && roots.some((root) => attestedBy.includes(rootFingerprint(root)));
}

/** A key has one role: a key that touches, or that signs certificates, must not sit in an agent as a subject. */
async function refusalOfKey(tx: StoreReader, { request }: DraftedCertificate): Promise<Refusal | undefined> {
  const use = await tx.keyUse(keyIdentity(request.subject));
  if (use === undefined || use.role === request.purpose) return undefined;
  return refuse('key-has-role', `this key is used for "${use.role}" already: use another one`);
}

function withAccess(refusal: Refusal, roster: Roster, person: string, now: number): Refusal {
  const access = accessOf(roster, person, now);
  return access === undefined ? refusal : { ...refusal, access };
}

function refuse(code: AuthorityErrorCode, reason: string): Refusal {
  return { code, reason };
}
