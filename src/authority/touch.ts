/** Step 5 of the issuance cycle: an assertion over the request's digest, by a live credential of the person who is asked. */
import type { AssertionJson } from '../fido/assertion.ts';
import { parseAssertion } from '../fido/assertion.ts';
import { checkClientData } from '../fido/client-data.ts';
import { FidoError } from '../fido/error.ts';
import type { VerifiedTouch } from '../fido/verify-touch.ts';
import { verifyTouch } from '../fido/verify-touch.ts';
import type { Authority } from './authority.ts';
import { findLiveCredential } from './credential.ts';
import { decoyCredential } from './decoy.ts';
import { AuthorityError } from './error.ts';
import type { Credential, Touch, TouchableRequest } from './records.ts';
import { requestDigest } from './request-digest.ts';

export interface RequestTouch {
  readonly touch: Touch;
  readonly credential: Credential;
  readonly counter: number;
}

/**
 * Whether the user was verified is only noted here: if that is needed is policy's word, at the moment of signing.
 * @throws AuthorityError `touch-refused`. What has to do with the credential is refused in the same words and with the same
 * work whether it is wrong, somebody else's or a decoy: its id is known to everybody who asks.
 */
export async function verifyRequestTouch(
  authority: Authority,
  request: TouchableRequest,
  assertion: AssertionJson,
): Promise<RequestTouch> {
  return verifyTouchOf(authority, request.person, requestDigest(authority.origin, request), assertion);
}

/** The same for any digest that this person is to touch. */
export async function verifyTouchOf(
  authority: Authority,
  person: string,
  digest: Uint8Array,
  assertion: AssertionJson,
): Promise<RequestTouch> {
  assertMeantForUs(authority, digest, assertion);
  const credential = await authority.store.read(async (tx) => {
    const roster = await authority.rosters.in(tx);
    return findLiveCredential(tx, roster, person, assertion.credentialId, authority.clock.now());
  });
  const asked = credential ?? decoyCredential(authority, person, assertion.credentialId);
  // Counter 0: a stranger must not learn the stored one. That it grew is checked when it is stored.
  const meant = { ...assertion, credentialId: asked.id };
  const verified = await verify(authority, { ...asked, counter: 0 }, digest, meant).catch(hideReason);
  if (credential === undefined) throw notTheirs();
  return { credential, counter: verified.counter, touch: asTouch(credential, verified, assertion) };
}

/** What is signed is checked first: that is the same for everybody, and helps whoever made the touch. */
function assertMeantForUs({ origin }: Authority, digest: Uint8Array, assertion: AssertionJson): void {
  try {
    checkClientData(parseAssertion(assertion).clientDataJSON, 'webauthn.get', digest, origin);
  } catch (cause) {
    if (cause instanceof FidoError) throw refused(`${cause.message} (${cause.code})`, cause);
    throw cause;
  }
}

function hideReason(error: unknown): never {
  throw error instanceof AuthorityError ? notTheirs(error.cause) : error;
}

function notTheirs(cause?: unknown): AuthorityError {
  return refused('this is no good touch by a security key of the person who is asked', cause);
}

/** The same verification for every action. @throws AuthorityError `touch-refused`. */
export async function verify(
  authority: Authority,
  credential: Credential,
  digest: Uint8Array,
  assertion: AssertionJson,
): Promise<VerifiedTouch> {
  const { origin, rpId } = authority;
  try {
    return await verifyTouch({
      assertion,
      credential,
      digest,
      origin,
      rpId,
      policy: { userVerification: false },
    });
  } catch (cause) {
    if (cause instanceof FidoError) throw refused(`${cause.message} (${cause.code})`, cause);
    throw cause;
  }
}

export function asTouch(credential: Credential, verified: VerifiedTouch, assertion: AssertionJson): Touch {
  return {
    person: credential.person,
    credentialKind: credential.kind,
    credentialId: credential.id,
    publicKey: credential.publicKey,
    rpId: verified.rpId,
    userVerified: verified.userVerified,
    assertion,
  };
}

function refused(reason: string, cause?: unknown): AuthorityError {
  return new AuthorityError('touch-refused', reason, { cause });
}
