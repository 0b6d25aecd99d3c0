/**
 * What `ssh-keygen -t *-sk -O challenge=FILE -O write-attestation=FILE` writes (PROTOCOL.u2f, ssh-sk-attest-v01), verified
 * as a WebAuthn registration: the challenge file is a clientDataJSON, so the signature is over authenticator data and its
 * hash, as in WebAuthn, with the key's application as RP id.
 */

import { base64urlnopad } from '@scure/base';
import { SshError } from '../ssh/error.ts';
import type { SecurityPublicKey } from '../ssh/public-key.ts';
import { WireReader } from '../ssh/wire.ts';
import { formatRegistration, LIMITS } from './assertion.ts';
import { encodeAttestationObject, parseAttestationObject } from './attested-credential.ts';
import type { CborValue } from './cbor.ts';
import { decodeCbor } from './cbor.ts';
import { coseOfSecurityKey } from './cose.ts';
import { equalBytes } from './equal-bytes.ts';
import { FidoError } from './error.ts';
import { acceptedApplications } from './touch-credential.ts';
import type { RegistrationPolicy, VerifiedRegistration } from './verify-registration.ts';
import { verifyRegistration } from './verify-registration.ts';

export interface SshAttestationToVerify {
  /** The contents of the write-attestation file. */
  readonly attestation: Uint8Array;
  /** The contents of the challenge file: `buildClientData('webauthn.create', challenge, origin)`. */
  readonly clientDataJSON: Uint8Array;
  readonly key: SecurityPublicKey;
  readonly challenge: Uint8Array;
  readonly origin: string;
  readonly policy: RegistrationPolicy;
  /** Unix seconds. */
  readonly now: number;
}

/**
 * @returns the registration; its credential id is the key handle, not the fingerprint that names an ssh-sk credential
 * @throws FidoError; 'key-mismatch' when the attestation is of another key
 */
export async function verifySshAttestation(input: SshAttestationToVerify): Promise<VerifiedRegistration> {
  const { key, clientDataJSON, challenge, origin, policy, now } = input;
  const accepted = acceptedApplications(origin);
  if (!accepted.includes(key.application))
    throw new FidoError('rp-mismatch', `the application of the key is none of ${accepted.join(', ')}`);
  const attestationObject = attestationObjectOf(readAttestation(input.attestation), key);
  const { credentialId } = parseAttestationObject(attestationObject);
  const response = formatRegistration({
    credentialId: base64urlnopad.encode(credentialId),
    clientDataJSON,
    attestationObject,
    transports: [],
  });
  const registration = { response, challenge, origin, rpId: key.application, policy, now };
  const verified = await verifyRegistration(registration);
  if (!equalBytes(verified.publicKey, coseOfSecurityKey(key)))
    throw new FidoError('key-mismatch', 'the attestation is of another key than the one to enrol');
  return verified;
}

interface SshAttestation {
  /** DER; empty for a key that attests itself. */
  readonly certificate: Uint8Array;
  readonly signature: Uint8Array;
  readonly authData: Uint8Array;
}

function readAttestation(bytes: Uint8Array): SshAttestation {
  if (bytes.length > LIMITS.attestationObject)
    throw new FidoError('too-long', `an attestation has at most ${LIMITS.attestationObject} bytes`);
  try {
    const reader = new WireReader(bytes);
    if (reader.text() !== 'ssh-sk-attest-v01')
      throw new FidoError('malformed', 'this is not an attestation written by ssh-keygen');
    const [certificate, signature, wrapped] = [reader.string(), reader.string(), reader.string()];
    if (reader.uint32() !== 0 || reader.string().length > 0)
      throw new FidoError('malformed', 'the reserved fields of the attestation are not empty');
    reader.end('the attestation');
    return { certificate, signature, authData: unwrapBytes(wrapped) };
  } catch (cause) {
    if (cause instanceof SshError)
      throw new FidoError('malformed', 'the attestation is not well formed', { cause });
    throw cause;
  }
}

/** libfido2 hands out authenticator data as the CBOR byte string that it came in. */
function unwrapBytes(cbor: Uint8Array): Uint8Array {
  const bytes = decodeCbor(cbor);
  if (bytes instanceof Uint8Array) return bytes;
  throw new FidoError('malformed', 'the authenticator data is not a CBOR byte string');
}

/** The file does not name its format; keys that OpenSSH makes by CTAP2 attest in `packed`. */
function attestationObjectOf(
  { certificate, signature, authData }: SshAttestation,
  key: SecurityPublicKey,
): Uint8Array {
  const isSelf = certificate.length === 0;
  const selfAlgorithm = key.type === 'sk-ssh-ed25519@openssh.com' ? -8 : -7;
  const statement = new Map<string, CborValue>([
    // Attestation certificates hold P-256 keys (WebAuthn's packed format allows others, makers use none).
    ['alg', isSelf ? selfAlgorithm : -7],
    ['sig', signature],
  ]);
  if (!isSelf) statement.set('x5c', [certificate]);
  return encodeAttestationObject('packed', statement, authData);
}
