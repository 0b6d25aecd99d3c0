/** Draft and signature of a host's certificates: one for each of its keys, all with the same terms. */
import type { CertificatesRequest } from '../fleet/host/certificates-document.ts';
import { MAX_LEAF_BYTES } from '../log/leaf-fields.ts';
import type { Terms } from '../policy/decision.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { draftCertificate } from './draft.ts';
import { AuthorityError } from './error.ts';
import type { CaSigner } from './ports.ts';
import { newRequestId } from './secrets.ts';
import { signDraft } from './sign.ts';

export interface SigningPlan {
  readonly signer: CaSigner;
  readonly terms: Terms;
}

/** Neither recorded nor released yet. */
export interface SignedForHost {
  readonly requestId: string;
  readonly terms: Terms;
  /** The CA key. */
  readonly authority: PublicKey;
  /** In the order of the request's keys. */
  readonly certificates: readonly Uint8Array[];
}

/** For the signature of any CA key, and the other fields of a leaf. */
const LEAF_ROOM_BYTES = 8192;

/** @throws AuthorityError `too-large-to-log`, `signing-failed` */
export async function signForHost(
  authority: Authority,
  request: CertificatesRequest,
  { signer, terms }: SigningPlan,
): Promise<SignedForHost> {
  const requestId = newRequestId(authority.random);
  const now = authority.clock.now();
  const drafts = request.keys.flatMap((subject) =>
    draftCertificate(
      {
        purpose: 'host',
        holder: request.host,
        requestId,
        subject,
        terms,
        authorities: [signer.publicKey],
        now,
      },
      authority.random,
      authority.throwaway,
    ),
  );
  assertLoggable(request, drafts);
  const certificates = await Promise.all(drafts.map((draft) => signDraft(signer, 'host', draft)));
  return { requestId, terms, authority: signer.publicKey, certificates };
}

function assertLoggable({ signed }: CertificatesRequest, drafts: readonly Uint8Array[]): void {
  const largest = Math.max(...drafts.map((draft) => draft.length));
  if (largest + signed.length + LEAF_ROOM_BYTES > MAX_LEAF_BYTES)
    throw new AuthorityError(
      'too-large-to-log',
      'the certificates would be too large for the log: give the host fewer names, or enrol fewer keys',
    );
}
