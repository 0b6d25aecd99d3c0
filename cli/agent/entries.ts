/** Which of an agent's identities are ours. Loads little: `usher status --quiet` uses it within its 60 ms. */
import type { AgentIdentity } from '../../src/ssh/agent-messages.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { verifyCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';

export interface Entry {
  readonly blob: Uint8Array;
  readonly comment: string;
  readonly certificate: Certificate;
}

export interface EntryOwner {
  readonly purpose: 'login' | 'sudo';
  readonly person: string;
  /** The host of the authority, as in the comment. */
  readonly authority: string;
}

/** `usher login alice@ca.example.org`: what `ssh-add -l` shows, and what an agent's confirmation asks about. */
export function entryComment({ purpose, person, authority }: EntryOwner): string {
  return `usher ${purpose} ${person}@${authority}`;
}

/**
 * Ours are told by comment and key id together: nothing that the person added is ever taken for ours. But whoever reaches the agent, as
 * root does on every host that it is forwarded to, can add what says that it is ours: good enough to be taken out, not to be believed.
 */
export function ownEntries(identities: readonly AgentIdentity[], owner: EntryOwner): readonly Entry[] {
  return identities.flatMap(({ blob, comment }) => {
    if (comment !== entryComment(owner)) return [];
    const certificate = tryDecode(blob);
    if (!certificate?.fields.keyId.startsWith(`${owner.purpose}:${owner.person}:`)) return [];
    return [{ blob, comment, certificate }];
  });
}

/** The entries that hosts will take now: within their time, and by their signatures certified by a CA key of the authority. */
export function usableEntries(
  entries: readonly Entry[],
  caKeys: readonly PublicKey[],
  now: number,
): readonly Entry[] {
  return entries.filter(
    ({ certificate }) =>
      isValidAt(certificate, now) &&
      caKeys.some((key) => samePublicKey(key, certificate.fields.authority)) &&
      verifyCertificateSignature(certificate),
  );
}

/** By the agent's machine's clock, in Unix seconds; the end itself is outside, as for sshd. */
export function isValidAt(certificate: Certificate, now: number): boolean {
  const { validAfter, validBefore } = certificate.fields;
  return validAfter <= BigInt(now) && BigInt(now) < validBefore;
}

function tryDecode(blob: Uint8Array): Certificate | undefined {
  try {
    return decodeCertificate(blob);
  } catch {
    return undefined;
  }
}
