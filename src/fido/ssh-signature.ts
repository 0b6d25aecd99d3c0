/**
 * The other way round than `ssh-assertion.ts`: what a FIDO credential answers whose client data hash is the SHA-256 of some bytes is
 * OpenSSH's signature over these bytes (PROTOCOL.u2f), when its RP id is the key's application.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { SecurityPublicKey } from '../ssh/public-key.ts';
import { WireWriter } from '../ssh/wire.ts';
import type { Assertion } from './assertion.ts';
import { decodeEcdsaSignature } from './ecdsa-signature.ts';
import { equalBytes } from './equal-bytes.ts';
import { FidoError } from './error.ts';

const HASH_BYTES = 32;
/** Hash of the RP id, flags, counter; extensions would stand behind, and no SSH signature has a place for them. */
const AUTHENTICATOR_DATA_BYTES = 37;
const ED25519_SIGNATURE_BYTES = 64;

/** @throws FidoError when the answer can not stand in a signature of this key; whether it is right is for the verifier */
export function sshSignatureOf(
  key: SecurityPublicKey,
  { authenticatorData, signature }: Pick<Assertion, 'authenticatorData' | 'signature'>,
): Uint8Array {
  if (authenticatorData.length !== AUTHENTICATOR_DATA_BYTES)
    throw new FidoError('malformed', 'the authenticator data has extensions: no SSH signature can hold them');
  const application = sha256(new TextEncoder().encode(key.application));
  if (!equalBytes(authenticatorData.subarray(0, HASH_BYTES), application))
    throw new FidoError('rp-mismatch', `the answer is not for the application ${key.application}`);
  return new WireWriter()
    .string(key.type)
    .string(toSsh(key, signature))
    .raw(authenticatorData.subarray(HASH_BYTES))
    .bytes();
}

function toSsh(key: SecurityPublicKey, signature: Uint8Array): Uint8Array {
  if (key.type === 'sk-ecdsa-sha2-nistp256@openssh.com') {
    const { r, s } = decodeEcdsaSignature(signature);
    return new WireWriter().mpint(r).mpint(s).bytes();
  }
  if (signature.length !== ED25519_SIGNATURE_BYTES)
    throw new FidoError('malformed', 'an Ed25519 signature has 64 bytes');
  return signature;
}
