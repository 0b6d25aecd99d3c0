/** After the touch: is this what was touched, signed by the right key, and in the log that was seen before? */

import { equalBytes } from '../../src/fido/equal-bytes.ts';
import type { Issued } from '../../src/http/contract/requests.ts';
import type { Checkpoint } from '../../src/log/checkpoint.ts';
import { openCheckpoint } from '../../src/log/checkpoint.ts';
import { LogError } from '../../src/log/error.ts';
import { acceptCheckpoint } from '../../src/log/latest.ts';
import { hashLeaf } from '../../src/log/merkle.ts';
import { verifyInclusion } from '../../src/log/verify-proofs.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { inspectCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import { SshError } from '../../src/ssh/error.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import { isActiveCaKey } from '../authority/bundle.ts';
import { ForkError } from '../authority/fork-evidence.ts';
import { decodeBytes } from '../decode.ts';
import { UsherCommandError } from '../error.ts';
import type { CheckedCertificate, CheckedRequest } from './draft-check.ts';
import { checkLeaf, logRefused } from './leaf-check.ts';

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
  const { certificates } = context.request;
  if (issued.certificates.length !== certificates.length)
    throw refused(
      `the authority returned ${issued.certificates.length} certificates for ${certificates.length} that were asked`,
    );
  const tree = checkLog(issued, context);
  return certificates.map((asked, index) => {
    const one = issued.certificates[index];
    if (one === undefined) throw refused('a certificate is missing');
    const blob = decodeBytes(one.certificate);
    const certificate = checkCertificate(blob, asked, context);
    checkLeaf(decodeBytes(one.leaf), certificate, context);
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

function checkCertificate(
  blob: Uint8Array,
  { asked, alternatives }: CheckedCertificate,
  { bundle }: IssuedContext,
): Certificate {
  const certificate = decodeOrRefuse(blob);
  if (!alternatives.some(({ bytes }) => equalBytes(certificate.draft, bytes)))
    throw refused('the certificate is not the one that was touched');
  const { authority } = certificate.fields;
  const made = inspectCertificateSignature(certificate);
  if (!isActiveCaKey(bundle, asked.purpose, authority) || !made.valid)
    throw refused('the certificate is not signed by the CA key of the authority');
  // sshd and pam-ussh would not notice: a CA key that signs untouched is one that a stranger's program can use.
  if (made.securityKey?.userPresent === false)
    throw refused('nobody touched the security key that signed the certificate');
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
