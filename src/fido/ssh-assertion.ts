/**
 * A signature by an `sk` SSH key over a clientDataJSON is a WebAuthn assertion whose RP id is the key's application: by
 * OpenSSH's PROTOCOL.u2f the key signs SHA256(application) | flags | counter | SHA256(data). Runs in browsers too.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import type { SecurityPublicKey } from '../ssh/public-key.ts';
import { fingerprint } from '../ssh/public-key.ts';
import { WireReader, WireWriter } from '../ssh/wire.ts';
import type { AssertionJson } from './assertion.ts';
import { formatAssertion } from './assertion.ts';
import { encodeEcdsaSignature } from './ecdsa-signature.ts';
import { FidoError } from './error.ts';

const ED25519_SIGNATURE_BYTES = 64;

/**
 * @param signature the blob that an agent's SIGN (flags 0) returns for exactly the bytes of `clientDataJSON`
 * @throws FidoError('malformed') when it is not a signature of this key's type; whether it is right is for the verifier
 */
export function assertionFromSshSignature(
  key: SecurityPublicKey,
  signature: Uint8Array,
  clientDataJSON: Uint8Array,
): AssertionJson {
  const { inner, flags, counter } = readSignature(key, signature);
  return formatAssertion({
    credentialId: fingerprint(key),
    clientDataJSON,
    authenticatorData: new WireWriter()
      .raw(sha256(new TextEncoder().encode(key.application)))
      .byte(flags)
      .uint32(counter)
      .bytes(),
    signature: inner,
  });
}

interface SkSignature {
  readonly inner: Uint8Array;
  readonly flags: number;
  readonly counter: number;
}

function readSignature(key: SecurityPublicKey, blob: Uint8Array): SkSignature {
  try {
    const reader = new WireReader(blob);
    if (reader.text() !== key.type) throw new FidoError('malformed', `the signature is not by a ${key.type}`);
    const inner = toWebauthn(key, reader.string());
    const [flags, counter] = [reader.byte(), reader.uint32()];
    reader.end('the signature');
    return { inner, flags, counter };
  } catch (cause) {
    if (cause instanceof FidoError) throw cause;
    throw new FidoError('malformed', 'the signature of the security key is not well formed', { cause });
  }
}

function toWebauthn(key: SecurityPublicKey, signature: Uint8Array): Uint8Array {
  if (key.type === 'sk-ecdsa-sha2-nistp256@openssh.com') return toDer(signature);
  if (signature.length !== ED25519_SIGNATURE_BYTES)
    throw new FidoError('malformed', 'an Ed25519 signature has 64 bytes');
  return signature;
}

function toDer(signature: Uint8Array): Uint8Array {
  const reader = new WireReader(signature);
  const numbers = { r: reader.mpint(), s: reader.mpint() };
  reader.end('the ECDSA signature');
  return encodeEcdsaSignature(numbers);
}
