/** `ca_file`, as x/crypto's ParseAuthorizedKey reads it line by line: what comes before a key is ignored, what is no key is skipped. */
import type { Finding } from './finding.ts';
import type { GoKey } from './go-key.ts';

export interface CaFileKey {
  readonly key: GoKey;
  readonly comment: string;
  /** From 1. */
  readonly line: number;
}

export interface CaFile {
  readonly keys: readonly CaFileKey[];
  readonly log: readonly string[];
  readonly findings: readonly Finding[];
}

export function parseCaFile(_bytes: Uint8Array): CaFile {
  throw new TypeError('not built yet');
}
