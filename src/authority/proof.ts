/** Proof that a caller holds a key: an SSHSIG by exactly this key, made with a touch when it is a security key. */
import { SshError } from '../ssh/error.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { samePublicKey } from '../ssh/public-key.ts';
import { verifySshsig } from '../ssh/sshsig.ts';

export function isSignedBy(
  key: PublicKey,
  namespace: string,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const proof = verifySshsig(signature, namespace, message);
    return proof.valid && samePublicKey(proof.key, key) && proof.securityKey?.userPresent !== false;
  } catch (error) {
    if (error instanceof SshError) return false;
    throw error;
  }
}
