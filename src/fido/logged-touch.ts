/**
 * Verifies again, offline, the touches that the log holds: second half of the check in docs/log.md. The digest is computed
 * from the leaf's own fields, so nothing but the leaf is needed. The types name what is read of a leaf of `src/log`.
 */
import { decodeAct } from '../ssh/act.ts';
import { SshError } from '../ssh/error.ts';
import { formatAssertion } from './assertion.ts';
import { FidoError } from './error.ts';
import { hostOf } from './touch-credential.ts';
import type { TouchAction } from './touch-digest.ts';
import { issueAction, touchDigest } from './touch-digest.ts';
import type { VerifiedTouch } from './verify-touch.ts';
import { verifyTouch } from './verify-touch.ts';

export interface LoggedRequest {
  readonly origin: string;
  readonly requestId: string;
  readonly nonce: Uint8Array;
  readonly expiresAt: number;
}

export interface LoggedAssertion {
  readonly credentialKind: 'webauthn' | 'ssh-sk';
  readonly credentialId: string;
  readonly publicKey: Uint8Array;
  readonly rpId: string;
  readonly clientDataJson: Uint8Array;
  readonly authenticatorData: Uint8Array;
  readonly signature: Uint8Array;
}

export interface LoggedIssue extends LoggedRequest {
  readonly draftHashes: readonly Uint8Array[];
  readonly touches: readonly LoggedAssertion[];
  /** These are only in leaves of kind `reviewed-certificate`. */
  readonly reason?: string;
  readonly approveBy?: number;
  readonly approvals?: readonly LoggedAssertion[];
}

export interface LoggedEnrolment extends LoggedRequest, LoggedAssertion {
  readonly person: string;
  readonly inviteId: string;
}

export interface LoggedAct extends LoggedRequest {
  readonly action: string;
  readonly parameters: Uint8Array;
  readonly touch: LoggedAssertion;
}

/** The digest that the touches of a certificate leaf are over. */
export function loggedIssueDigest(leaf: LoggedIssue): Uint8Array {
  return digestOf(leaf, issueAction(leaf.draftHashes, leaf.reason ?? ''));
}

/** The digest that the approvals of a certificate leaf are over. */
function loggedApprovalDigest(leaf: LoggedIssue): Uint8Array {
  const expiresAt = leaf.approveBy ?? 0;
  return digestOf({ ...leaf, expiresAt }, { kind: 'approve', requestDigest: loggedIssueDigest(leaf) });
}

/** The digest that the new credential of an enrolment leaf touched. */
export function loggedEnrolmentDigest(leaf: LoggedEnrolment): Uint8Array {
  const { person, credentialId, publicKey, inviteId } = leaf;
  return digestOf(leaf, { kind: 'enroll', person, credentialId, publicKey, inviteId });
}

/** The digest that the touch of an act leaf is over. @throws FidoError `malformed` for what is no act */
function loggedActDigest({ action, parameters, ...request }: LoggedAct): Uint8Array {
  try {
    return digestOf(request, decodeAct(action, parameters));
  } catch (cause) {
    if (cause instanceof SshError) throw new FidoError('malformed', cause.message, { cause });
    throw cause;
  }
}

/**
 * What each touch of a certificate leaf was, in order, approvals last. Whether policy asked for a verified user stands in the
 * roster of the leaf's digest: compare `userVerified` with it.
 * @throws FidoError with the code of what is wrong with the first bad one.
 */
export async function verifyLoggedIssue(leaf: LoggedIssue): Promise<readonly VerifiedTouch[]> {
  // A reviewed certificate may have none, where the signature of its CA key is a touch: `checkCertificateLeaf` looks at that.
  if (leaf.touches.length === 0 && leaf.approvals === undefined)
    throw new FidoError('malformed', 'the leaf holds no touch');
  const [issue, approval] = [loggedIssueDigest(leaf), loggedApprovalDigest(leaf)];
  return Promise.all([
    ...leaf.touches.map((touch) => verifyLogged(touch, issue, leaf.origin)),
    ...(leaf.approvals ?? []).map((touch) => verifyLogged(touch, approval, leaf.origin)),
  ]);
}

/** @throws FidoError with the code of what is wrong. */
export async function verifyLoggedEnrolment(leaf: LoggedEnrolment): Promise<VerifiedTouch> {
  return verifyLogged(leaf, loggedEnrolmentDigest(leaf), leaf.origin);
}

/** @throws FidoError with the code of what is wrong. */
export async function verifyLoggedAct(leaf: LoggedAct): Promise<VerifiedTouch> {
  return verifyLogged(leaf.touch, loggedActDigest(leaf), leaf.origin);
}

function digestOf({ origin, requestId, nonce, expiresAt }: LoggedRequest, action: TouchAction): Uint8Array {
  return touchDigest({ origin, action, requestId, nonce, expiresAt });
}

async function verifyLogged(
  touch: LoggedAssertion,
  digest: Uint8Array,
  origin: string,
): Promise<VerifiedTouch> {
  const { credentialKind: kind, credentialId: id, publicKey, rpId } = touch;
  if (kind === 'webauthn') assertRpIdOf(origin, rpId);
  return verifyTouch({
    assertion: formatAssertion({
      credentialId: id,
      clientDataJSON: touch.clientDataJson,
      authenticatorData: touch.authenticatorData,
      signature: touch.signature,
    }),
    // 0, "never seen": that the counter grew is known to the authority alone.
    credential: { kind, id, publicKey, rpId, counter: 0 },
    digest,
    origin,
    rpId,
    policy: { userVerification: false },
  });
}

/** As browsers have it: the host of the origin or a domain above it. Else the credential could be of any other site. */
function assertRpIdOf(origin: string, rpId: string): void {
  const hostname = hostOf(origin);
  if (hostname !== rpId && !hostname.endsWith(`.${rpId}`))
    throw new FidoError('rp-mismatch', `${rpId} is no RP id of ${origin}`);
}
