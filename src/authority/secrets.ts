/** Secrets that callers hold and the authority only knows by their hash. */
import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import type { Random } from './ports.ts';

const SECRET_BYTES = 32;
const REQUEST_ID_BYTES = 16;

export interface NewSecret {
  /** What the caller gets, once: 43 characters of base64url. */
  readonly text: string;
  readonly hash: Uint8Array;
}

export function newSecret(random: Random): NewSecret {
  const text = base64urlnopad.encode(random.bytes(SECRET_BYTES));
  return { text, hash: hashSecret(text) };
}

/** People type it behind commands, which would take a word that begins with "-" for an option. */
export function newRequestId(random: Random): string {
  const id = base64urlnopad.encode(random.bytes(REQUEST_ID_BYTES));
  return id.startsWith('-') ? newRequestId(random) : id;
}

export function hashSecret(text: string): Uint8Array {
  return sha256(new TextEncoder().encode(text));
}

/** Compares in constant time: the hash of what was given with the stored hash. */
export function isSecret(given: string, hash: Uint8Array): boolean {
  return timingSafeEqual(hashSecret(given), hash);
}
