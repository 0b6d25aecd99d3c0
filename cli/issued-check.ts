/** After the touch: is this what was touched, signed by the right key, and in the log that was seen before? */

import { sha256 } from '@noble/hashes/sha2.js';
import { parseClientData } from '../src/fido/client-data.ts';
import { equalBytes } from '../src/fido/equal-bytes.ts';
import type { Issued } from '../src/http/contract.ts';
import type { Checkpoint } from '../src/log/checkpoint.ts';
import { openCheckpoint } from '../src/log/checkpoint.ts';
import { LogError } from '../src/log/error.ts';
import { acceptCheckpoint } from '../src/log/latest.ts';
import type { LeafOf } from '../src/log/leaf.ts';
import { decodeLeaf } from '../src/log/leaf.ts';
import { hashLeaf } from '../src/log/merkle.ts';
import { verifyInclusion } from '../src/log/verify-proofs.ts';
import type { Certificate } from '../src/ssh/certificate.ts';
import { decodeCertificate } from '../src/ssh/certificate.ts';
import { verifyCertificateSignature } from '../src/ssh/certificate-signature.ts';
import { SshError } from '../src/ssh/error.ts';
import type { VerifiedBundle } from './bundle.ts';
import { isActiveCaKey } from './bundle.ts';
import { decodeBytes } from './decode.ts';
import type { CheckedDraft, CheckedRequest } from './draft-check.ts';
import { UsherCommandError } from './error.ts';
import { ForkError } from './fork-evidence.ts';

interface IssuedContext {
  readonly request: CheckedRequest;
  readonly person: string;
  readonly origin: string;
  readonly bundle: VerifiedBundle;
  /** The note of the checkpoint that was seen last, if any. */
  readonly seenCheckpoint: string | undefined;
}

/** @throws UsherCommandError `certificate-refused` or `log-refused`; nothing that was remembered is touched then. */
export function checkIssued(issued: Issued, context: IssuedContext): readonly Certificate[] {
  const { drafts } = context.request;
  if (issued.certificates.length !== drafts.length)
    throw refused(
      `the authority returned ${issued.certificates.length} certificates for ${drafts.length} drafts`,
    );
  const tree = checkLog(issued, context);
  return drafts.map((draft, index) => {
    const one = issued.certificates[index];
    if (one === undefined) throw refused('a certificate is missing');
    const blob = decodeBytes(one.certificate);
    const certificate = checkCertificate(blob, draft, context);
    checkLeaf(decodeBytes(one.leaf), blob, index, context);
    checkInclusion(one, tree);
    return certificate;
  });
}

/**
 * The checkpoint is signed by the log key of the bundle and continues what was seen before.
 * @throws ForkError when it does not continue it, UsherCommandError `log-refused` for the rest.
 */
export function checkLog(
  offer: Pick<Issued, 'checkpoint' | 'consistencyProof'>,
  { bundle, seenCheckpoint }: Pick<IssuedContext, 'bundle' | 'seenCheckpoint'>,
): Checkpoint {
  try {
    const offered = openCheckpoint(offer.checkpoint, bundle.logKey);
    const seen = seenCheckpoint === undefined ? undefined : openCheckpoint(seenCheckpoint, bundle.logKey);
    const consistencyProof = offer.consistencyProof.map((node) => decodeBytes(node));
    // From the empty tree everything is consistent, and there is no proof to send.
    acceptCheckpoint({ seen: seen?.size === 0 ? undefined : seen, offered, consistencyProof });
    return offered;
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    if (cause.code === 'fork' && seenCheckpoint !== undefined)
      throw new ForkError(seenCheckpoint, offer.checkpoint, cause);
    throw logRefused(cause);
  }
}

function checkCertificate(blob: Uint8Array, draft: CheckedDraft, { bundle }: IssuedContext): Certificate {
  const certificate = decodeOrRefuse(blob);
  if (!equalBytes(certificate.draft, draft.bytes))
    throw refused('the certificate is not the one that was touched');
  if (
    !isActiveCaKey(bundle, 'login', certificate.fields.authority) ||
    !verifyCertificateSignature(certificate)
  )
    throw refused('the certificate is not signed by the CA key of the authority');
  return certificate;
}

function decodeOrRefuse(blob: Uint8Array): Certificate {
  try {
    return decodeCertificate(blob);
  } catch (cause) {
    if (cause instanceof SshError)
      throw new UsherCommandError('certificate-refused', `the certificate is malformed: ${cause.message}`, {
        cause,
      });
    throw cause;
  }
}

/** The leaf tells everybody, later, what this certificate is and by which touch it came to be. */
function checkLeaf(bytes: Uint8Array, certificate: Uint8Array, index: number, context: IssuedContext): void {
  const leaf = decodeCertificateLeaf(bytes);
  const { request } = context;
  const hashes = request.drafts.map((draft) => sha256(draft.bytes));
  const same =
    equalBytes(leaf.certificate, certificate) &&
    leaf.purpose === 'login' &&
    leaf.person === context.person &&
    leaf.origin === context.origin &&
    leaf.requestId === request.requestId &&
    leaf.expiresAt === request.expiresAt &&
    equalBytes(leaf.nonce, request.nonce) &&
    leaf.index === index &&
    leaf.draftHashes.length === hashes.length &&
    hashes.every((hash, place) => equalBytes(hash, leaf.draftHashes[place] ?? new Uint8Array())) &&
    leaf.touches.length > 0 &&
    leaf.touches.every(
      (touch) => touch.person === context.person && isTouchOf(touch.clientDataJson, context),
    );
  if (!same)
    throw new UsherCommandError('log-refused', 'the log records something else than what was touched');
}

/** The challenge that was signed is the digest that this command computed. */
function isTouchOf(clientDataJson: Uint8Array, { request, origin }: IssuedContext): boolean {
  try {
    const { challenge, origin: at } = parseClientData(clientDataJson);
    return equalBytes(challenge, request.digest) && at === origin;
  } catch {
    return false;
  }
}

function decodeCertificateLeaf(bytes: Uint8Array): LeafOf<'certificate'> {
  try {
    const leaf = decodeLeaf(bytes);
    if (leaf.kind === 'certificate') return leaf;
  } catch (cause) {
    if (cause instanceof LogError) throw logRefused(cause);
    throw cause;
  }
  throw new UsherCommandError('log-refused', 'the leaf in the log is not that of a certificate');
}

function checkInclusion(one: Issued['certificates'][number], tree: Checkpoint): void {
  try {
    verifyInclusion(
      {
        index: one.leafIndex,
        leafHash: hashLeaf(decodeBytes(one.leaf)),
        proof: one.inclusionProof.map((node) => decodeBytes(node)),
      },
      tree,
    );
  } catch (cause) {
    if (cause instanceof LogError) throw logRefused(cause);
    throw cause;
  }
}

function refused(message: string): UsherCommandError {
  return new UsherCommandError('certificate-refused', message, {
    hint: 'it was not put into the agent; tell the keeper of the authority',
  });
}

function logRefused(cause: LogError): UsherCommandError {
  return new UsherCommandError('log-refused', `the log of the authority is refused: ${cause.message}`, {
    cause,
    hint: 'the certificate was not put into the agent; tell the keeper of the authority',
  });
}
