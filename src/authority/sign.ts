/** Step 8: the only place where a CA key signs a certificate. */
import { assembleCertificate } from '../ssh/certificate.ts';
import { inspectDraftSignature } from '../ssh/certificate-signature.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { DraftedCertificate, PendingIssue } from './records.ts';

/**
 * Signs every draft of a request that was touched and is covered, each with its purpose's CA key.
 * @returns the certificates in the order of the drafts.
 * @throws AuthorityError `signing-failed` when a signer fails or signs something else; then nothing may be released.
 */
export function signDrafts(authority: Authority, request: PendingIssue): Promise<readonly Uint8Array[]> {
  return Promise.all(request.certificates.map((drafted) => signDraft(authority, drafted)));
}

async function signDraft(authority: Authority, { request, draft }: DraftedCertificate): Promise<Uint8Array> {
  const signer = authority.signers[request.purpose];
  const signature = await signer.sign(draft).catch((cause: unknown) => {
    throw new AuthorityError('signing-failed', `the CA key for ${request.purpose} does not sign`, { cause });
  });
  // The signer may be a program or a device of its own: what it signed is what counts, not what it was asked.
  if (!inspectDraftSignature(signer.publicKey, draft, signature).valid)
    throw new AuthorityError('signing-failed', `the signature of the CA key for ${request.purpose} is wrong`);
  return assembleCertificate(draft, signature);
}
