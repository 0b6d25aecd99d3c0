/** Step 9: certificate, touches, roster digest and leaf, all in the caller's transaction. */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { certificateLeafBytes, encodeLeaf } from '../log/leaf.ts';
import type { LoggedTouch } from '../log/leaf-fields.ts';
import { MAX_LEAF_BYTES } from '../log/leaf-fields.ts';
import { decodeCertificate } from '../ssh/certificate.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import { issuedCertificate } from './issued-certificate.ts';
import { approveBy, draftsOf, reasonOf, sudoRequestOf } from './pending-issue.ts';
import type { StoreWriter } from './ports.ts';
import type { Consent, PendingIssue, Touch } from './records.ts';

/** Records every certificate of a request; none is released before the transaction is durable. */
export async function recordCertificates(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
  consent: Consent,
  certificates: readonly Uint8Array[],
): Promise<void> {
  const rosterDigest = (await authority.rosters.in(tx)).digest;
  const credentials = credentialsOf(consent);
  for (const [index, certificate] of certificates.entries()) {
    const leaf = leafOf(authority, request, consent, rosterDigest, certificate, index);
    await recordOne(authority, tx, request, { index, certificate, leaf, credentials });
  }
}

export function serialOf(certificate: Uint8Array): bigint {
  return decodeCertificate(certificate).fields.serial;
}

interface Loggable {
  readonly drafts: readonly Uint8Array[];
  /** How many touches its leaf may hold, approvals included. */
  readonly touches: number;
}

/** @throws AuthorityError `too-large-to-log`: what can not be recorded must not even be drafted. */
export function assertLoggable(certificates: readonly Loggable[]): void {
  const all = certificates.flatMap(({ drafts }) => drafts);
  const draftBytes = Math.max(...all.map((draft) => draft.length));
  const touches = Math.max(...certificates.map((certificate) => certificate.touches));
  if (certificateLeafBytes({ draftBytes, drafts: all.length, touches }) > MAX_LEAF_BYTES)
    throw new AuthorityError(
      'too-large-to-log',
      'the certificate would be too large for the log: ask for less',
    );
}

interface Recording {
  /** Its place in the request. */
  readonly index: number;
  readonly certificate: Uint8Array;
  readonly leaf: Uint8Array;
  /** Ids of those whose touches it rests on: whoever loses one of them takes it along. */
  readonly credentials: readonly string[];
}

async function recordOne(
  authority: Authority,
  tx: StoreWriter,
  request: PendingIssue,
  { index, certificate, leaf, credentials }: Recording,
): Promise<void> {
  const { fields } = decodeCertificate(certificate);
  const purpose = request.certificates[index]?.request.purpose;
  if (purpose === undefined) throw new TypeError('there are more certificates than drafts');
  const use = await tx.claimKey(keyIdentity(fields.subject), { role: purpose });
  if (use.role !== purpose)
    throw new AuthorityError('key-has-role', 'this key got another use meanwhile: use another one');
  const { person, id: requestId } = request;
  const about = { purpose, person, requestId, issuedAt: authority.clock.now() };
  await tx.insertCertificate(issuedCertificate(certificate, about), credentials);
  await tx.appendLeaf(leaf, fields.serial);
}

function credentialsOf({ touch, approvals }: Consent): readonly string[] {
  return [...(touch === undefined ? [] : [touch]), ...approvals].map(({ credentialId }) => credentialId);
}

function leafOf(
  authority: Authority,
  request: PendingIssue,
  consent: Consent,
  rosterDigest: Uint8Array,
  certificate: Uint8Array,
  index: number,
): Uint8Array {
  const purpose = request.certificates[index]?.request.purpose ?? '';
  const recordedAt = authority.clock.now();
  const touched = touchedRequest(authority, request, consent);
  const place = consent.caTouch?.draft ?? index;
  const body = { recordedAt, purpose, rosterDigest, certificate, index: place, ...touched };
  return sudoRequestOf(request) === undefined
    ? encodeLeaf({ kind: 'certificate', ...body })
    : encodeLeaf({ kind: 'reviewed-certificate', ...body, ...reviewOf(request, consent) });
}

/** What was touched, and by whom. */
function touchedRequest({ origin }: Authority, request: PendingIssue, { touch }: Consent) {
  const { person, id: requestId, nonce, expiresAt } = request;
  const draftHashes = draftsOf(request).map((draft) => sha256(draft));
  const touches = touch === undefined ? [] : [loggedTouch(touch)];
  return { person, origin, requestId, nonce, expiresAt, draftHashes, touches };
}

/** What other people had to do with it. */
function reviewOf(request: PendingIssue, { approvals, caTouch }: Consent) {
  return {
    reason: reasonOf(request),
    approveBy: approveBy(request),
    approvals: approvals.map(loggedTouch),
    signer: caTouch?.person ?? '',
  };
}

/** A touch as leaves hold it: the bytes themselves, so that it can be verified again offline. */
export function loggedTouch(touch: Touch): LoggedTouch {
  const { assertion } = touch;
  return {
    person: touch.person,
    credentialKind: touch.credentialKind,
    credentialId: touch.credentialId,
    publicKey: touch.publicKey,
    rpId: touch.rpId,
    clientDataJson: base64urlnopad.decode(assertion.clientDataJSON),
    authenticatorData: base64urlnopad.decode(assertion.authenticatorData),
    signature: base64urlnopad.decode(assertion.signature),
  };
}
