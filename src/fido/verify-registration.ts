/**
 * A new credential (WebAuthn, section 7.1), from a browser, fido2-cred or a plugin. As with touches, what has a code is
 * checked by us and everything again, with the attestation signature, by @simplewebauthn/server.
 *
 * Formats: `none`, and `packed` with or without certificates. Others are refused: which authenticator it was does not
 * matter (then browsers send `none`) or it does (then it is a security key, which sends `packed`).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { verifyRegistrationResponse } from '@simplewebauthn/server';
import { toKeyObject } from '../ssh/key-object.ts';
import type { RegistrationJson } from './assertion.ts';
import { parseRegistration } from './assertion.ts';
import { verifyAttestationChain } from './attestation-chain.ts';
import type { AttestedCredential } from './attested-credential.ts';
import { parseAttestationObject } from './attested-credential.ts';
import { checkClientData } from './client-data.ts';
import { COSE_ALGORITHMS, securityKeyOfCose } from './cose.ts';
import { equalBytes } from './equal-bytes.ts';
import { FidoError } from './error.ts';

export interface RegistrationPolicy {
  readonly userVerification: boolean;
  readonly attestation: AttestationPolicy;
}

/** An empty list allows nothing: no model, no maker. */
export type AttestationPolicy =
  | { readonly required: false }
  | {
      readonly required: true;
      readonly aaguids: readonly string[];
      readonly roots: readonly string[] /* PEM */;
    };

export interface RegistrationToVerify {
  readonly response: RegistrationJson;
  readonly challenge: Uint8Array;
  readonly origin: string;
  /** For keys made by ssh-keygen, their application. */
  readonly rpId: string;
  readonly policy: RegistrationPolicy;
  /** Unix seconds: attestation certificates end. */
  readonly now: number;
}

export interface VerifiedRegistration {
  /** base64url of the raw id. */
  readonly credentialId: string;
  /** COSE, canonical. */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly aaguid: string;
  readonly fmt: 'none' | 'packed';
  /** `rootFingerprint` of the one of the policy's roots that vouches for the AAGUID; without it the AAGUID is only a claim. */
  readonly attestedBy?: string;
  readonly userVerified: boolean;
  readonly backedUp: boolean;
  readonly transports: readonly string[];
}

/** @throws FidoError with a code for the first thing that is wrong. */
export async function verifyRegistration(registration: RegistrationToVerify): Promise<VerifiedRegistration> {
  const { challenge, origin, policy } = registration;
  const response = parseRegistration(registration.response);
  checkClientData(response.clientDataJSON, 'webauthn.create', challenge, origin);
  const credential = parseAttestationObject(response.attestationObject);
  if (base64urlnopad.encode(credential.credentialId) !== response.credentialId)
    throw new FidoError('unknown-credential', 'the registration names another credential than it holds');
  checkCredential(credential, registration);
  checkKey(credential, registration.rpId);
  const fmt = formatOf(credential);
  const attestedBy = policy.attestation.required
    ? checkAttestation(credential, policy.attestation, registration.now)
    : undefined;
  await verifySignature(registration);
  return {
    credentialId: response.credentialId,
    publicKey: credential.publicKey,
    counter: credential.data.counter,
    aaguid: credential.aaguid,
    fmt,
    ...(attestedBy === undefined ? {} : { attestedBy }),
    userVerified: credential.data.flags.userVerified,
    backedUp: credential.data.flags.backedUp,
    transports: response.transports,
  };
}

function checkCredential({ data }: AttestedCredential, { rpId, policy }: RegistrationToVerify): void {
  if (!equalBytes(data.rpIdHash, sha256(new TextEncoder().encode(rpId))))
    throw new FidoError('rp-mismatch', `the credential was made for something else than ${rpId}`);
  if (!data.flags.userPresent) throw new FidoError('not-present', 'nobody touched the security key');
  if (policy.userVerification && !data.flags.userVerified)
    throw new FidoError('not-verified', 'the security key did not verify its user (PIN or fingerprint)');
}

/** Without an attestation nothing has used the key yet, and one that is off its curve or of small order is none. */
function checkKey({ publicKey }: AttestedCredential, rpId: string): void {
  try {
    toKeyObject(securityKeyOfCose(publicKey, rpId));
  } catch (cause) {
    throw new FidoError('bad-key', 'the public key of the new credential is no point of its curve', {
      cause,
    });
  }
}

function formatOf({ fmt }: AttestedCredential): 'none' | 'packed' {
  if (fmt === 'none' || fmt === 'packed') return fmt;
  throw new FidoError('unsupported-format', 'an attestation is of format none or packed');
}

type RequiredAttestation = Extract<AttestationPolicy, { required: true }>;

/** Format and AAGUID are compared here because the library accepts `none` whatever was asked for. */
function checkAttestation(credential: AttestedCredential, policy: RequiredAttestation, now: number): string {
  // Without certificates the credential has signed for itself, which any software can do.
  if (credential.fmt !== 'packed' || credential.certificates.length === 0)
    throw new FidoError('attestation-missing', 'the policy asks for an attestation by the maker of the key');
  if (!policy.aaguids.some((aaguid) => aaguid.toLowerCase() === credential.aaguid))
    throw new FidoError('aaguid-not-allowed', `the policy does not allow the model ${credential.aaguid}`);
  return verifyAttestationChain(credential.certificates, policy.roots, now);
}

async function verifySignature(registration: RegistrationToVerify): Promise<void> {
  const { response, challenge, origin, rpId, policy } = registration;
  const { verified } = await verifyRegistrationResponse({
    response: {
      id: response.credentialId,
      rawId: response.credentialId,
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: response.clientDataJSON,
        attestationObject: response.attestationObject,
      },
    },
    expectedChallenge: base64urlnopad.encode(challenge),
    expectedOrigin: origin,
    expectedRPID: rpId,
    expectedType: 'webauthn.create',
    requireUserPresence: true,
    requireUserVerification: policy.userVerification,
    supportedAlgorithmIDs: [...COSE_ALGORITHMS],
  }).catch((cause: unknown) => {
    throw new FidoError('malformed', 'the registration can not be verified', { cause });
  });
  if (!verified)
    throw new FidoError('bad-signature', 'the attestation signature does not fit the new credential');
}
