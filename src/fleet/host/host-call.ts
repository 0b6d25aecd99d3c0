/** What a host says in each call that one of its keys signs. */
import type { PublicKey } from '../../ssh/public-key.ts';
import { badDocument } from './document.ts';

export interface HostCall {
  readonly authority: string;
  readonly host: string;
  /** Unix seconds. */
  readonly time: number;
  /** 16 random bytes in hex. */
  readonly nonce: string;
}

export type Signed<T> = T & { readonly signer: PublicKey };

const NONCE = /^[0-9a-f]{32}$/;

/** @throws FleetError `bad-document` */
export function checkNonce(text: string): string {
  if (!NONCE.test(text)) throw badDocument('a nonce is 32 characters of 0-9 a-f');
  return text;
}
