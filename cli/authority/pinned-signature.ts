/** What the bundle key signed counts, whatever it came by; nothing else of it is looked at before. */
import type { BundleReply } from '../../src/http/contract/bundle.ts';
import { SshError } from '../../src/ssh/error.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { verifySshsig } from '../../src/ssh/sshsig.ts';
import { decodeBytes } from '../decode.ts';
import { UsherCommandError } from '../error.ts';

/** The keys whose signature on a bundle counts: fingerprints. */
export interface Pins {
  readonly bundleKey: string;
  readonly nextBundleKey?: string;
}

interface Pinned {
  readonly statement: Uint8Array;
  readonly signer: PublicKey;
}

/**
 * @param what as messages name it
 * @throws UsherCommandError `bundle-refused`
 */
export function openPinned(reply: BundleReply, namespace: string, pins: Pins, what: string): Pinned {
  const statement = decodeBytes(reply.statement);
  const { key, valid } = verifyOrRefuse(statement, decodeBytes(reply.signature), namespace, what);
  const signer = fingerprint(key);
  if (!valid || (signer !== pins.bundleKey && signer !== pins.nextBundleKey))
    throw new UsherCommandError('bundle-refused', `${what} is not signed by the key you pinned`, {
      hint: 'somebody may stand between you and the authority; ask its keeper before you enroll again',
    });
  return { statement, signer: key };
}

function verifyOrRefuse(
  statement: Uint8Array,
  signature: Uint8Array,
  namespace: string,
  what: string,
): ReturnType<typeof verifySshsig> {
  try {
    return verifySshsig(signature, namespace, statement);
  } catch (cause) {
    if (!(cause instanceof SshError)) throw cause;
    throw new UsherCommandError('bundle-refused', `the signature of ${what} is malformed`, { cause });
  }
}
