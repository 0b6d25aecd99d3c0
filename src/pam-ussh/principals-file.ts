/** `authorized_principals_file`, as Go's line scanner reads it: one literal name a line, nothing else is understood. */
import type { Finding } from './finding.ts';

export interface PrincipalsFile {
  readonly names: readonly string[];
  readonly findings: readonly Finding[];
}

export function parsePrincipalsFile(_bytes: Uint8Array): PrincipalsFile {
  throw new TypeError('not built yet');
}
