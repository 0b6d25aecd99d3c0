import type { PublicKey } from './public-key.ts';

export type CertificateType = 'user' | 'host';

/** A critical option or an extension. `data` is empty for a flag, else usually one wrapped string. */
export interface CertificateOption {
  readonly name: string;
  readonly data: Uint8Array;
}

export interface CertificateFields {
  readonly nonce: Uint8Array;
  readonly subject: PublicKey;
  readonly serial: bigint;
  readonly type: CertificateType;
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Unix time in whole seconds, from which on the certificate is valid. */
  readonly validAfter: bigint;
  /** Unix time in whole seconds, from which on it is valid no more. */
  readonly validBefore: bigint;
  readonly criticalOptions: readonly CertificateOption[];
  readonly extensions: readonly CertificateOption[];
  /** The key that signs, of whatever type: `string signature key` on the wire. */
  readonly authority: PublicKey;
}

/** OpenSSH refuses more (SSHKEY_CERT_MAX_PRINCIPALS in sshkey.h). */
export const MAX_PRINCIPALS = 256;
