/** Secrets of a host: its token, and the one that each renewal shows. */
import { sha256 } from '@noble/hashes/sha2.js';
import { hex } from '@scure/base';
import { badDocument } from './document.ts';

/** 32 random bytes in base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** @throws FleetError `bad-document` */
export function checkSecret(text: string): string {
  if (!SECRET.test(text)) throw badDocument('a secret is 43 characters of base64url');
  return text;
}

/** In hex, over the text of the secret: `printf %s "$secret" | sha256sum`. */
export function secretHash(secret: string): string {
  return hex.encode(sha256(new TextEncoder().encode(secret)));
}
