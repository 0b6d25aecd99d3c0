/** Step 8: the only place where a CA key signs a certificate, or where the signature of a person's CA key makes one. */
import { assembleCertificate } from '../ssh/certificate.ts';
import { inspectDraftSignature } from '../ssh/certificate-signature.ts';
import type { Authority } from './authority.ts';
import { peopleSign } from './ca-keys.ts';
import { draftFields } from './draft.ts';
import { AuthorityError } from './error.ts';
import { draftAt } from './pending-issue.ts';
import type { CaSigner } from './ports.ts';
import type { Purpose } from './purpose.ts';
import type { CaTouch, Consent, DraftedCertificate, PendingIssue } from './records.ts';

/**
 * Signs every certificate of a request that was consented to and is covered, each with its purpose's CA key.
 * @returns the certificates in the order asked.
 * @throws AuthorityError `signing-failed` when a signer fails or signs something else; then nothing may be released.
 */
export async function signDrafts(
  authority: Authority,
  request: PendingIssue,
  { caTouch }: Consent,
): Promise<readonly Uint8Array[]> {
  if (caTouch !== undefined) return [completed(request, caTouch)];
  return Promise.all(request.certificates.map((drafted) => signDrafted(authority, drafted)));
}

/** The person's touch is the signature; it was verified when it came (`ca-touch.ts`). */
function completed(request: PendingIssue, { draft, signature }: CaTouch): Uint8Array {
  return assembleCertificate(draftAt(request, draft), signature);
}

/** With the key that the draft names; whether it is still the active one is for the transaction that records. */
async function signDrafted(
  authority: Authority,
  { request: { purpose }, drafts }: DraftedCertificate,
): Promise<Uint8Array> {
  const [draft, ...others] = drafts;
  if (peopleSign(authority, purpose) || draft === undefined || others.length > 0)
    throw new AuthorityError('signing-failed', `certificates for ${purpose} are signed by people`);
  const signer = await authority.keyring.signer(purpose, draftFields(draft).authority);
  if (signer === undefined)
    throw new AuthorityError('signing-failed', `the CA key for ${purpose} is not at hand here`);
  return signDraft(signer, purpose, draft);
}

/**
 * One draft with the CA key that it names.
 * @throws AuthorityError `signing-failed` when the signer fails or signs something else.
 */
export async function signDraft(signer: CaSigner, purpose: Purpose, draft: Uint8Array): Promise<Uint8Array> {
  const signature = await signer.sign(draft).catch((cause: unknown) => {
    throw new AuthorityError('signing-failed', `the CA key for ${purpose} does not sign`, { cause });
  });
  // The signer may be a program or a device of its own: what it signed is what counts, not what it was asked.
  if (!inspectDraftSignature(draftFields(draft).authority, draft, signature).valid)
    throw new AuthorityError('signing-failed', `the signature of the CA key for ${purpose} is wrong`);
  return assembleCertificate(draft, signature);
}
