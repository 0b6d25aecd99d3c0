/**
 * The leaf tells everybody, later, what a certificate is, why it was asked for, and by whose touches it came to be. What it says must
 * be what happened here.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { parseClientData } from '../../src/fido/client-data.ts';
import { equalBytes } from '../../src/fido/equal-bytes.ts';
import { touchDigest } from '../../src/fido/touch-digest.ts';
import { LogError } from '../../src/log/error.ts';
import type { CertificateLeaf, ReviewedCertificateLeaf } from '../../src/log/leaf.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import type { LoggedTouch } from '../../src/log/leaf-fields.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { encodeCertificate } from '../../src/ssh/certificate.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import { UsherCommandError } from '../error.ts';
import type { CheckedRequest } from './draft-check.ts';

interface LeafContext {
  readonly request: CheckedRequest;
  readonly person: string;
  readonly origin: string;
  readonly bundle: VerifiedBundle;
}

/** @throws UsherCommandError `log-refused` */
export function checkLeaf(bytes: Uint8Array, certificate: Certificate, context: LeafContext): void {
  const leaf = decodeCertificateLeaf(bytes);
  const { certificates } = context.request;
  const isReviewed = certificates.some(({ asked }) => asked.purpose === 'sudo');
  const same =
    (leaf.kind === 'reviewed-certificate') === isReviewed &&
    isOfCertificate(leaf, certificate, context) &&
    isOfRequest(leaf, context) &&
    (leaf.kind === 'certificate' ? leaf.touches.length > 0 : isReviewOf(leaf, certificate, context)) &&
    leaf.touches.every((touch) => isTouchOf(touch, context.request.digest, context));
  if (!same)
    throw new UsherCommandError('log-refused', 'the log records something else than what was touched');
}

export function logRefused(cause: LogError): UsherCommandError {
  return new UsherCommandError('log-refused', `the log of the authority is refused: ${cause.message}`, {
    cause,
    hint: 'the certificate was not put into the agent; tell the keeper of the authority',
  });
}

function isOfCertificate(
  leaf: CertificateLeaf,
  certificate: Certificate,
  { request, person }: LeafContext,
): boolean {
  const found = request.certificates.find(({ alternatives }) =>
    alternatives.some(({ bytes }) => equalBytes(bytes, certificate.draft)),
  );
  const index = request.drafts.findIndex(({ bytes }) => equalBytes(bytes, certificate.draft));
  return (
    equalBytes(leaf.certificate, encodeCertificate(certificate)) &&
    leaf.purpose === found?.asked.purpose &&
    leaf.person === person &&
    leaf.index === index
  );
}

function isOfRequest(leaf: CertificateLeaf, { request, origin }: LeafContext): boolean {
  const hashes = request.drafts.map(({ bytes }) => sha256(bytes));
  return (
    leaf.origin === origin &&
    leaf.requestId === request.requestId &&
    leaf.expiresAt === request.expiresAt &&
    equalBytes(leaf.nonce, request.nonce) &&
    leaf.draftHashes.length === hashes.length &&
    hashes.every((hash, place) => equalBytes(hash, leaf.draftHashes[place] ?? new Uint8Array()))
  );
}

/** Why, by whose approval, and whose key signed. Without a touch of one's own, the signature of one's own CA key is the touch. */
function isReviewOf(
  leaf: ReviewedCertificateLeaf,
  certificate: Certificate,
  { request, person, origin, bundle }: LeafContext,
): boolean {
  const { requestId, nonce, digest: requestDigest } = request;
  const action = { kind: 'approve', requestDigest } as const;
  const digest = touchDigest({ origin, action, requestId, nonce, expiresAt: leaf.approveBy });
  const approvers = leaf.approvals.map((approval) => approval.person);
  return (
    leaf.reason === request.reason &&
    leaf.approveBy <= Number(certificate.fields.validBefore) &&
    leaf.signer === signerOf(certificate, bundle) &&
    (leaf.touches.length > 0 || leaf.signer === person) &&
    !approvers.includes(person) &&
    new Set(approvers).size === approvers.length &&
    leaf.approvals.every((approval) => isTouchOf(approval, digest, { person: approval.person, origin }))
  );
}

/** Whose security key the CA key is; nobody's when the authority has it. */
function signerOf({ fields }: Certificate, bundle: VerifiedBundle): string | undefined {
  const caKey = bundle.caKeys.find(({ key }) => samePublicKey(key, fields.authority));
  return caKey === undefined ? undefined : (caKey.signer?.person ?? '');
}

/** The challenge that was signed is the digest that this command computed. */
function isTouchOf(
  touch: LoggedTouch,
  digest: Uint8Array,
  { person, origin }: Pick<LeafContext, 'person' | 'origin'>,
): boolean {
  try {
    const { challenge, origin: at } = parseClientData(touch.clientDataJson);
    return touch.person === person && equalBytes(challenge, digest) && at === origin;
  } catch {
    return false;
  }
}

function decodeCertificateLeaf(bytes: Uint8Array): CertificateLeaf {
  try {
    const leaf = decodeLeaf(bytes);
    if (leaf.kind === 'certificate' || leaf.kind === 'reviewed-certificate') return leaf;
  } catch (cause) {
    if (cause instanceof LogError) throw logRefused(cause);
    throw cause;
  }
  throw new UsherCommandError('log-refused', 'the leaf in the log is not that of a certificate');
}
