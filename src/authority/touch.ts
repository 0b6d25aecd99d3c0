/** Step 5 of the issuance cycle: an assertion over the request's digest, by a live credential of the person who is asked. */
import type { AssertionJson } from '../fido/assertion.ts';
import { FidoError } from '../fido/error.ts';
import type { VerifiedTouch } from '../fido/verify-touch.ts';
import { verifyTouch } from '../fido/verify-touch.ts';
import type { Authority } from './authority.ts';
import { findLiveCredential } from './credential.ts';
import { AuthorityError } from './error.ts';
import type { Credential, PendingIssue, Touch } from './records.ts';
import { issueDigest } from './request-digest.ts';

export interface RequestTouch {
  readonly touch: Touch;
  readonly credential: Credential;
  readonly counter: number;
}

/**
 * Whether the user was verified is only noted here: if that is needed is policy's word, at the moment of signing.
 * @throws AuthorityError `touch-refused`; somebody who does not exist gets the same answer as a wrong key.
 */
export async function verifyRequestTouch(
  authority: Authority,
  request: PendingIssue,
  assertion: AssertionJson,
): Promise<RequestTouch> {
  const credential = await authority.store.read(async (tx) => {
    const roster = await authority.rosters.in(tx);
    return findLiveCredential(tx, roster, request.person, assertion.credentialId, authority.clock.now());
  });
  if (credential === undefined) throw refused('this security key is not known for the person who is asked');
  const digest = issueDigest(authority.origin, request);
  const verified = await verify(authority, credential, digest, assertion);
  return { credential, counter: verified.counter, touch: asTouch(credential, verified, assertion) };
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
