/** The numbers of PROTOCOL.krl and the bounds of ours, which writer and reader share. */
import { SshError } from './error.ts';
import type { SerialSet } from './serial-set.ts';
import { MAX_RUNS } from './serial-set.ts';

/** "SSHKRL\n\0" */
export const KRL_MAGIC = 0x5353_484b_524c_0a00n;
export const KRL_FORMAT_VERSION = 1;

/**
 * Room for four million random serials. OpenSSH reads up to 128 MiB, but the whole file for each login, in a time that grows
 * with the square of its size: 0.1 s for 800 kB, 7 s for 8 MB.
 */
export const MAX_KRL_BYTES = 33_554_432;

const MAX_AUTHORITIES = 1024;

export const SECTION = {
  certificates: 1,
  keys: 2,
  sha1Fingerprints: 3,
  signature: 4,
  sha256Fingerprints: 5,
  extension: 255,
} as const;

/** Sections inside the one of certificates. */
export const CERTIFICATE_SECTION = {
  serialList: 0x20,
  serialRange: 0x21,
  serialBitmap: 0x22,
  keyIds: 0x23,
  extension: 0x39,
} as const;

export const SHA1_BYTES = 20;
export const SHA256_BYTES = 32;

/** OpenSSH reads no longer bitmap (SSHBUF_MAX_BIGNUM in sshbuf.h), though ssh-keygen writes such. */
export const MAX_BITMAP_BITS = 16_384;

/** @throws SshError when these certificates would take too much memory, however few bytes they have. */
export function assertBounded(certificates: readonly { readonly serials: SerialSet }[]): void {
  if (certificates.length > MAX_AUTHORITIES)
    throw new SshError('too-long', `a KRL names at most ${MAX_AUTHORITIES} authorities`);
  if (certificates.reduce((sum, { serials }) => sum + serials.runs, 0) > MAX_RUNS)
    throw new SshError('too-long', `a KRL has at most ${MAX_RUNS} runs of serials`);
}
