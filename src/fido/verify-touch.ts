/**
 * The one verifier for every way to touch (WebAuthn, section 7.2): browser, fido2-assert, and `sk` SSH keys, whose RP id is
 * their application. All checks that do not need the signature are ours and have codes of their own, because
 * @simplewebauthn/server lets some of them pass (cross-origin frames, another credential's id); it has the last word on
 * all the others and on the signature.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import type { Assertion, AssertionJson } from './assertion.ts';
import { parseAssertion } from './assertion.ts';
import type { AuthenticatorData } from './authenticator-data.ts';
import { parseAuthenticatorData } from './authenticator-data.ts';
import { checkClientData } from './client-data.ts';
import { decodeCose } from './cose.ts';
import { decodeEcdsaSignature } from './ecdsa-signature.ts';
import { equalBytes } from './equal-bytes.ts';
import { FidoError } from './error.ts';
import type { TouchCredential, TrustedKey } from './touch-credential.ts';
import { trustedKey } from './touch-credential.ts';

export interface TouchToVerify {
  readonly assertion: AssertionJson;
  readonly credential: TouchCredential;
  /** The touch digest, which is the challenge. */
  readonly digest: Uint8Array;
  readonly origin: string;
  /** The authority's RP id. */
  readonly rpId: string;
  readonly policy: { readonly userVerification: boolean };
}

export interface VerifiedTouch {
  readonly kind: TouchCredential['kind'];
  readonly credentialId: string;
  /** What the authenticator signed for: the RP id, or the application of an ssh-sk key. */
  readonly rpId: string;
  readonly userVerified: boolean;
  /** To be kept with the credential. */
  readonly counter: number;
  /** `grew`, or `absent` when this authenticator does not count: then a clone of it would go unnoticed. */
  readonly counterRule: 'grew' | 'absent';
  readonly backedUp: boolean;
}

/**
 * @throws FidoError with a code for the first thing that is wrong; resolves only for a touch that holds in every respect.
 */
export async function verifyTouch(touch: TouchToVerify): Promise<VerifiedTouch> {
  const assertion = parseAssertion(touch.assertion);
  const trusted = trustedKey(touch.credential, touch.rpId, touch.origin);
  assertSameCredential(assertion, touch.credential);
  checkClientData(assertion.clientDataJSON, 'webauthn.get', touch.digest, touch.origin);
  const data = parseAuthenticatorData(assertion.authenticatorData);
  checkAuthenticatorData(data, trusted.rpId, touch);
  checkSignatureForm(assertion.signature, trusted.cose);
  const counterRule = checkCounter(data.counter, touch.credential.counter);
  await verifySignature(assertion, trusted, touch);
  return {
    kind: touch.credential.kind,
    credentialId: touch.credential.id,
    rpId: trusted.rpId,
    userVerified: data.flags.userVerified,
    counter: data.counter,
    counterRule,
    backedUp: data.flags.backedUp,
  };
}

function assertSameCredential(assertion: Assertion, credential: TouchCredential): void {
  if (assertion.credentialId !== credential.id)
    throw new FidoError('unknown-credential', 'the answer is by another credential');
  const { userHandle } = assertion;
  if (userHandle === undefined || credential.userHandle === undefined) return;
  if (!equalBytes(userHandle, credential.userHandle))
    throw new FidoError('user-mismatch', 'the answer names another user than the credential has');
}

function checkAuthenticatorData(data: AuthenticatorData, rpId: string, touch: TouchToVerify): void {
  const { flags } = data;
  if (!equalBytes(data.rpIdHash, sha256(new TextEncoder().encode(rpId))))
    throw new FidoError('rp-mismatch', `the authenticator signed for something else than ${rpId}`);
  if (flags.hasCredential) throw new FidoError('bad-flags', 'a touch holds no new credential');
  if (flags.hasExtensions && touch.credential.kind === 'ssh-sk')
    throw new FidoError('bad-flags', 'a signature of an SSH key has no extensions');
  if (!flags.userPresent) throw new FidoError('not-present', 'nobody touched the security key');
  if (touch.policy.userVerification && !flags.userVerified)
    throw new FidoError('not-verified', 'the security key did not verify its user (PIN or fingerprint)');
}

/** The library reads ECDSA signatures as BER; here each has one spelling, so that what is logged can not be varied. */
function checkSignatureForm(signature: Uint8Array, cose: Uint8Array): void {
  if (decodeCose(cose).family === 'p256') decodeEcdsaSignature(signature);
  else if (signature.length !== 64) throw new FidoError('malformed', 'an Ed25519 signature has 64 bytes');
}

/** WebAuthn, section 7.2, step 22: once either side has counted, the counter must grow. */
function checkCounter(counter: number, known: number): VerifiedTouch['counterRule'] {
  if (counter === 0 && known === 0) return 'absent';
  if (counter <= known)
    throw new FidoError('counter-rollback', `the counter went from ${known} to ${counter}: a cloned key?`);
  return 'grew';
}

async function verifySignature(
  assertion: Assertion,
  trusted: TrustedKey,
  { credential, digest, origin, policy }: TouchToVerify,
): Promise<void> {
  const id = base64urlnopad.encode(new TextEncoder().encode(credential.id));
  const { verified } = await verifyAuthenticationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: base64urlnopad.encode(assertion.clientDataJSON),
        authenticatorData: base64urlnopad.encode(assertion.authenticatorData),
        signature: base64urlnopad.encode(assertion.signature),
      },
    },
    expectedChallenge: base64urlnopad.encode(digest),
    expectedOrigin: origin,
    expectedRPID: trusted.rpId,
    expectedType: 'webauthn.get',
    credential: { id, publicKey: ownBuffer(trusted.cose), counter: credential.counter },
    requireUserVerification: policy.userVerification,
  }).catch((cause: unknown) => {
    throw new FidoError('malformed', 'the assertion can not be verified', { cause });
  });
  if (!verified) throw new FidoError('bad-signature', 'the signature is not by this credential');
}

/** The library's types ask for bytes that are not in a shared buffer. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
