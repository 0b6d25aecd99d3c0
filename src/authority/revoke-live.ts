/** Certificates that count no more before they end, and the leaves that say so. */
import type { RevocationCause } from '../log/act-bodies.ts';
import { MAX_LOGGED_SERIALS } from '../log/act-bodies.ts';
import { encodeLeaf } from '../log/leaf.ts';
import { decodeCertificate } from '../ssh/certificate.ts';
import { encodePublicKey } from '../ssh/public-key.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import type { CertificateFilter, IssuedCertificate, Revocation } from './records.ts';

/** Why certificates are revoked, as the log keeps it. */
export interface Cause {
  readonly cause: RevocationCause;
  /** What was revoked, in the words of its cause. */
  readonly subject: string;
  /** As a person gave it; empty when nobody did. */
  readonly reason: string;
  /** Fingerprint of a key that was revoked itself. */
  readonly key?: string;
}

/** How many certificates are in memory at once. */
const PAGE = 1000;

/** @returns the serials of all live certificates that the filter names, in ascending order; they count no more from now on. */
export async function revokeLive(
  tx: StoreWriter,
  filter: CertificateFilter,
  cause: Cause,
  now: number,
): Promise<readonly bigint[]> {
  const serials: bigint[] = [];
  for await (const page of livePages(tx, filter, now))
    serials.push(...(await revokeEach(tx, page, cause.cause, now)));
  const all = ascending(serials);
  await logRevocation(tx, all, cause, now);
  return all;
}

/** As leaves have them; pages come in the order in which certificates end. */
export function ascending(serials: readonly bigint[]): readonly bigint[] {
  return serials.toSorted((a, b) => (a < b ? -1 : 1));
}

/** All live certificates of the filter, those that end first first, some at a time. */
export async function* livePages(
  tx: StoreReader,
  filter: CertificateFilter,
  now: number,
): AsyncGenerator<readonly IssuedCertificate[]> {
  let after = 0n;
  for (;;) {
    const page = await tx.liveCertificates(filter, now, { after, most: PAGE });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last.serial;
  }
}

/** The caller logs it. @returns the serials of those that were not revoked before. */
export function revokeEach(
  tx: StoreWriter,
  certificates: readonly IssuedCertificate[],
  cause: RevocationCause,
  now: number,
): Promise<readonly bigint[]> {
  const revocations = certificates.map((certificate) => revocationOf(certificate, cause, now));
  return tx.revokeCertificates(revocations, now);
}

/** In as many leaves as it takes; none when nothing was revoked. */
export async function logRevocation(
  tx: StoreWriter,
  serials: readonly bigint[],
  { key = '', ...cause }: Cause,
  now: number,
): Promise<void> {
  if (serials.length === 0 && key === '') return;
  for (let from = 0; from === 0 || from < serials.length; from += MAX_LOGGED_SERIALS) {
    const some = serials.slice(from, from + MAX_LOGGED_SERIALS);
    await tx.appendLeaf(encodeLeaf({ kind: 'revoke', recordedAt: now, ...cause, serials: some, key }));
  }
}

/** A list names a certificate by the key that signed it, so that one of another authority with this serial is not meant. */
function revocationOf(
  { serial, purpose, validBefore, certificate }: IssuedCertificate,
  cause: RevocationCause,
  now: number,
): Revocation {
  const { authority } = decodeCertificate(certificate).fields;
  return { serial, purpose, authority: encodePublicKey(authority), validBefore, revokedAt: now, cause };
}
