/** Whether a certificate is signed by the key that it names. Whether that key is trusted is another question, the caller's. */
import type { Certificate } from './certificate.ts';
import { SshError } from './error.ts';
import type { PublicKey } from './public-key.ts';
import type { Verification } from './signature.ts';
import { verifySignature } from './signature.ts';

/** True only for a good signature of an accepted format (never `ssh-rsa`) over exactly the draft. Never throws on bad bytes. */
export function verifyCertificateSignature(certificate: Certificate): boolean {
  return inspectCertificateSignature(certificate).valid;
}

/**
 * The same, with what a CA key in a security key says of the touch: sshd looks at neither of these flags, so whoever lets a certificate be
 * assembled or released must.
 */
export function inspectCertificateSignature({ fields, draft, signature }: Certificate): Verification {
  return inspectDraftSignature(fields.authority, draft, signature);
}

/** The same before there is a certificate: whether this is a good signature of this very key over the draft. */
export function inspectDraftSignature(
  authority: PublicKey,
  draft: Uint8Array,
  signature: Uint8Array,
): Verification {
  try {
    return verifySignature(authority, signature, draft);
  } catch (error) {
    if (error instanceof SshError) return { valid: false };
    throw error;
  }
}
