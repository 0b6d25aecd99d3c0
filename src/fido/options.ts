/** What a page hands to `navigator.credentials`; the same algorithms are offered here and accepted in verification. */

import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { generateAuthenticationOptions, generateRegistrationOptions } from '@simplewebauthn/server';
import { COSE_ALGORITHMS } from './cose.ts';
import type { RegistrationPolicy } from './verify-registration.ts';

export interface RegistrationRequest {
  readonly challenge: Uint8Array;
  readonly rpId: string;
  /** What the browser shows as the name of the authority. */
  readonly rpName: string;
  readonly person: string;
  /** Up to 64 bytes that name the person to the authenticator, without saying who it is. */
  readonly userHandle: Uint8Array;
  /** Credentials that the person has: the same key is not enrolled twice. */
  readonly existingIds: readonly string[];
  readonly policy: RegistrationPolicy;
}

/** Bytes stay bytes here: the library would take a text as UTF-8 and encode it once more. */
export function registrationOptions(
  request: RegistrationRequest,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { policy } = request;
  return generateRegistrationOptions({
    rpID: request.rpId,
    rpName: request.rpName,
    userName: request.person,
    userDisplayName: request.person,
    userID: new Uint8Array(request.userHandle),
    challenge: new Uint8Array(request.challenge),
    excludeCredentials: request.existingIds.map((id) => ({ id })),
    attestationType: policy.attestation.required ? 'direct' : 'none',
    authenticatorSelection: {
      residentKey: 'preferred',
      userVerification: policy.userVerification ? 'required' : 'preferred',
    },
    supportedAlgorithmIDs: [...COSE_ALGORITHMS],
  });
}

export interface TouchRequest {
  readonly digest: Uint8Array;
  readonly rpId: string;
  /** Of kind webauthn. */
  readonly credentialIds: readonly string[];
  readonly policy: { readonly userVerification: boolean };
}

export function touchOptions(request: TouchRequest): Promise<PublicKeyCredentialRequestOptionsJSON> {
  return generateAuthenticationOptions({
    rpID: request.rpId,
    challenge: new Uint8Array(request.digest),
    allowCredentials: request.credentialIds.map((id) => ({ id })),
    userVerification: request.policy.userVerification ? 'required' : 'preferred',
  });
}
