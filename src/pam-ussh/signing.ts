/** What an agent's answer to pam-ussh's question for a signature leads to. Whatever is not a good signature ends it all. */
import { SshError } from '../ssh/error.ts';
import { printable } from '../ssh/printable.ts';
import type { SigningFact, XcryptoVersion } from './facts.ts';
import type { Finding } from './finding.ts';
import type { GoCertificate } from './go-certificate.ts';
import type { GoSignature } from './go-signature.ts';
import { faultOfSignature, readGoSignature } from './go-signature.ts';

export interface SigningFault {
  readonly ends: 'refused' | 'hang' | 'panic';
  readonly finding: Finding;
  readonly log: readonly string[];
}

/** Undefined when it signs well, or was not asked. */
export function faultOfSigning(
  certificate: GoCertificate,
  signing: SigningFact | undefined,
  xcrypto: XcryptoVersion,
): SigningFault | undefined {
  if (signing === undefined) return undefined;
  switch (signing.kind) {
    case 'refused':
      return noSignature('agent: failed to sign challenge');
    case 'broken':
      return noSignature(signing.message);
    case 'wrong-message':
      return {
        ends: 'panic',
        finding: finding('the agent answers with another message: sudo panics'),
        log: [],
      };
    case 'silent':
      return { ends: 'hang', finding: finding('the agent does not answer: sudo waits for ever'), log: [] };
    case 'signature':
      return faultOfAnswer(certificate, signing, xcrypto === '0.52');
    default:
      return signing satisfies never;
  }
}

function faultOfAnswer(
  { subject }: GoCertificate,
  { signature, challenge }: Extract<SigningFact, { kind: 'signature' }>,
  needsTouch: boolean,
): SigningFault | undefined {
  const read = readAnswer(signature);
  if (typeof read === 'string') return noSignature(read);
  const fault = faultOfSignature(subject, read, challenge, { needsTouch });
  if (fault === undefined) return undefined;
  const sentence = `the agent's signature is refused: ${printable(fault)}`;
  return { ends: 'refused', finding: finding(sentence), log: [`signature verification failed: ${fault}`] };
}

/** The signature, or x/crypto's word for one that is cut. */
function readAnswer(signature: Uint8Array): GoSignature | string {
  try {
    return readGoSignature(signature);
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return signature.length === 0 ? 'ssh: parse error in message type 0' : 'ssh: short read';
  }
}

function noSignature(message: string): SigningFault {
  const sentence = `it can not sign, and pam-ussh tries nothing behind it (${printable(message)})`;
  return { ends: 'refused', finding: finding(sentence), log: [`error signing data: ${message}`] };
}

function finding(sentence: string): Finding {
  const hint = 'remove it from the agent, or keep the sudo certificate in an agent of its own';
  return { check: 'agent.order', level: 'error', sentence, hint };
}
