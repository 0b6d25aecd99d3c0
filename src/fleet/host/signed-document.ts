/** A document with its signatures, in one text: the lines that are signed, then each signature as `ssh-keygen -Y sign` writes it. */
import type { PublicKey } from '../../ssh/public-key.ts';
import { armorSshsig, dearmorSshsig, verifySshsig } from '../../ssh/sshsig.ts';
import { FleetError } from '../error.ts';
import { badDocument } from './document.ts';

/** What a host key signs here is never taken for a certificate or a handshake, nor anything else for a document. */
export const HOST_NAMESPACE = 'usher-host';

export const MAX_HOST_KEYS = 8;

export interface SignedDocument {
  /** What is signed. */
  readonly text: string;
  /** Whose signatures they are, all of them verified, in their order. */
  readonly signers: readonly PublicKey[];
}

const BEGIN = '-----BEGIN SSH SIGNATURE-----\n';
const END = '-----END SSH SIGNATURE-----\n';
const ASCII = /^[\x20-\x7e\n]*$/;

/** @param signatures the SSHSIG blobs over the text. */
export function joinSigned(text: string, signatures: readonly Uint8Array[]): string {
  return [text, ...signatures.map(armorSshsig)].join('');
}

/**
 * Verifies every signature, whoever made it: the caller says which keys count. The namespace is that of hosts, unless another one is given.
 * @throws FleetError `bad-signature`
 */
export function openSigned(signed: string, namespace: string = HOST_NAMESPACE): SignedDocument {
  const begin = signed.indexOf(BEGIN);
  if (begin === -1 || !ASCII.test(signed)) throw badSignature('it is not signed, or not in ASCII');
  const text = signed.slice(0, begin);
  const armored = splitSignatures(signed.slice(begin));
  const message = new TextEncoder().encode(text);
  return { text, signers: armored.map((signature) => verifySigner(signature, namespace, message)) };
}

/** @throws FleetError `bad-document`, `bad-signature` */
export function openSignedByOne(
  signed: string,
  namespace?: string,
): { readonly text: string; readonly signer: PublicKey } {
  const { text, signers } = openSigned(signed, namespace);
  const [signer, ...others] = signers;
  if (signer === undefined || others.length > 0) throw badDocument('it has more than one signature');
  return { text, signer };
}

function splitSignatures(text: string): readonly string[] {
  const parts = text.split(END);
  // What follows the last end is nothing.
  if (parts.pop() !== '' || parts.length > MAX_HOST_KEYS)
    throw badSignature(`its end is not 1 to ${MAX_HOST_KEYS} signatures`);
  return parts.map((part) => `${part}${END}`);
}

function verifySigner(armored: string, namespace: string, message: Uint8Array): PublicKey {
  const { key, valid } = verifyOrRefuse(armored, namespace, message);
  if (!valid) throw badSignature('a signature is wrong');
  return key;
}

function verifyOrRefuse(armored: string, namespace: string, message: Uint8Array) {
  try {
    return verifySshsig(dearmorSshsig(armored), namespace, message);
  } catch (cause) {
    throw new FleetError('bad-signature', 'a signature of the document is malformed', { cause });
  }
}

function badSignature(reason: string): FleetError {
  return new FleetError('bad-signature', `the document is refused: ${reason}`);
}
