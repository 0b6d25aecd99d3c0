/** The browser's authenticators: the only importer of @simplewebauthn/browser. A failure is a value that says what to do. */
import { base64urlnopad } from '@scure/base';
import {
  browserSupportsWebAuthn,
  startAuthentication,
  startRegistration,
  WebAuthnError,
} from '@simplewebauthn/browser';
import type { Assertion } from '../src/http/contract/fields.ts';
import { browserCredentials } from './credential-ids.ts';
import type { NewCredential } from './enroll/own-key.ts';
import type { AuthenticatorTrouble } from './trouble.ts';

export type Answer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly trouble: AuthenticatorTrouble };

export interface TouchOptions {
  readonly challenge: Uint8Array;
  readonly rpId: string;
  readonly credentialIds: readonly string[];
  readonly userVerification: 'required' | 'discouraged';
  readonly patienceMs: number;
}

export interface RegisterOptions {
  readonly challenge: string;
  readonly rpId: string;
  readonly person: string;
  readonly userId: string;
  readonly excludeCredentialIds: readonly string[];
  readonly userVerification: 'required' | 'discouraged';
  readonly attestation: 'none' | 'direct';
  readonly patienceMs: number;
}

export interface Authenticator {
  isAvailable(): boolean;
  touch(options: TouchOptions): Promise<Answer<Assertion>>;
  register(options: RegisterOptions): Promise<Answer<NewCredential>>;
}

/** Only what OpenSSH's world knows too; the browser's own default list would offer more. */
const ES256 = -7;
const EDDSA = -8;

export const browserAuthenticator: Authenticator = {
  isAvailable: browserSupportsWebAuthn,
  touch: (options) => answer(() => touch(options)),
  register: (options) => answer(() => register(options)),
};

async function touch(options: TouchOptions): Promise<Assertion> {
  const { id, response } = await startAuthentication({
    optionsJSON: {
      challenge: base64urlnopad.encode(options.challenge),
      rpId: options.rpId,
      allowCredentials: descriptors(options.credentialIds),
      userVerification: options.userVerification,
      timeout: options.patienceMs,
    },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = response;
  const assertion = { credentialId: id, clientDataJSON, authenticatorData, signature };
  return userHandle === undefined ? assertion : { ...assertion, userHandle };
}

async function register(options: RegisterOptions): Promise<NewCredential> {
  const { id, response } = await startRegistration({
    optionsJSON: {
      challenge: options.challenge,
      rp: { id: options.rpId, name: `Usher at ${options.rpId}` },
      user: { id: options.userId, name: options.person, displayName: options.person },
      pubKeyCredParams: [ES256, EDDSA].map((alg) => ({ alg, type: 'public-key' })),
      excludeCredentials: descriptors(options.excludeCredentialIds),
      authenticatorSelection: {
        // A key without a PIN can store no discoverable credential, and Chromium fails instead of making the other kind.
        residentKey: options.userVerification === 'required' ? 'preferred' : 'discouraged',
        userVerification: options.userVerification,
      },
      attestation: options.attestation,
      timeout: options.patienceMs,
    },
  });
  const { clientDataJSON, attestationObject, authenticatorData } = response;
  return { credentialId: id, clientDataJSON, attestationObject, authenticatorData };
}

function descriptors(ids: readonly string[]): { id: string; type: 'public-key' }[] {
  return browserCredentials(ids).map((id) => ({ id, type: 'public-key' }));
}

async function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { kind: 'answered', value: await work() };
  } catch (error) {
    return { kind: 'failed', trouble: troubleOf(error) };
  }
}

function troubleOf(error: unknown): AuthenticatorTrouble {
  if (error instanceof WebAuthnError) {
    switch (error.code) {
      case 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED':
        return 'already-registered';
      case 'ERROR_AUTHENTICATOR_MISSING_USER_VERIFICATION_SUPPORT':
        return 'no-user-verification';
      case 'ERROR_AUTHENTICATOR_NO_SUPPORTED_PUBKEYCREDPARAMS_ALG':
        return 'no-algorithm';
      case 'ERROR_INVALID_DOMAIN':
      case 'ERROR_INVALID_RP_ID':
        return 'wrong-site';
      default:
    }
  }
  const name = error instanceof Error ? error.name : '';
  // Browsers give the same answer for "cancelled", "timed out" and "no such credential here", so as not to tell sites which.
  return name === 'NotAllowedError' || name === 'AbortError' ? 'cancelled' : 'failed';
}
