/** Certificates as x/crypto reads and checks them: stricter than OpenSSH in the order of options, and without a look at type or extensions. */
import type { GoKey } from './go-key.ts';

export interface GoOption {
  readonly name: string;
  readonly value: string;
}

export interface GoCertificate {
  readonly subject: GoKey;
  readonly serial: bigint;
  /** 1 is user and 2 is host; x/crypto takes any. */
  readonly type: number;
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: readonly GoOption[];
  readonly extensions: readonly GoOption[];
  readonly authority: GoKey;
  /** The name of the form that the CA signed in, e.g. `rsa-sha2-512`. */
  readonly signatureFormat: string;
}

/** `fault`: why x/crypto can not read it, in our words. */
export type ParsedIdentity =
  | { readonly kind: 'certificate'; readonly certificate: GoCertificate }
  | { readonly kind: 'key'; readonly key: GoKey }
  | { readonly kind: 'unreadable'; readonly fault: string; readonly claimsCertificate: boolean };

export function parseIdentity(_blob: Uint8Array): ParsedIdentity {
  throw new TypeError('not built yet');
}
