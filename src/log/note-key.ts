/** The keys of signed notes (c2sp.org/signed-note): names, key ids, and the verifier key text `name+id+key`. */
import { createPublicKey, verify } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64, base64urlnopad, hex } from '@scure/base';
import { LogError } from './error.ts';

export interface VerifierKey {
  readonly name: string;
  /** 32 bytes as in RFC 8032. */
  readonly publicKey: Uint8Array;
}

export interface NoteSigner extends VerifierKey {
  /** The raw Ed25519 signature (64 bytes) over exactly these bytes. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

const MAX_NAME_LENGTH = 255;
const ED25519 = 1;
const PUBLIC_KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const NEWLINE = 0x0a;

const encoder = new TextEncoder();

/** SHA-256(name, newline, 1, public key), its first 4 bytes. It finds a key, it does not prove one. */
export function keyId({ name, publicKey }: VerifierKey): Uint8Array {
  assertKey(name, publicKey);
  const input = Uint8Array.of(...encoder.encode(name), NEWLINE, ED25519, ...publicKey);
  return sha256(input).slice(0, KEY_ID_BYTES);
}

/** `name+<key id in hex>+<base64 of 1 and the public key>`, as Go's sumdb/note writes it. */
export function formatVerifierKey(key: VerifierKey): string {
  const encoded = base64.encode(Uint8Array.of(ED25519, ...key.publicKey));
  return `${key.name}+${hex.encode(keyId(key))}+${encoded}`;
}

/** @throws LogError `bad-key` for anything that `formatVerifierKey` would not have written. */
export function parseVerifierKey(text: string): VerifierKey {
  // The base64 part may hold "+" too, so the text is cut at its first two only.
  const match = /^([^+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text);
  if (match === null) throw new LogError('bad-key', 'a verifier key has the form name+id+key');
  const [, name = '', id, encoded = ''] = match;
  const [algorithm, ...publicKey] = decodeStrictBase64(encoded) ?? [];
  if (algorithm !== ED25519) throw new LogError('bad-key', 'a verifier key is an Ed25519 key');
  const key = { name, publicKey: Uint8Array.from(publicKey) };
  if (hex.encode(keyId(key)) !== id) throw new LogError('bad-key', 'the key id is not that of name and key');
  return key;
}

/**
 * The name of an authority's log: the origin without its scheme, as c2sp.org/tlog-checkpoint recommends.
 * `https://ca.example.org` → `ca.example.org`.
 */
export function logName(origin: string): string {
  const name = origin.replace(/^https?:\/\//, '');
  if (!isName(name)) throw new LogError('bad-key', 'this origin can not name a log');
  return name;
}

/** Not empty, no blanks, no plus, no control characters; bounded. */
export function isName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && /^[^\s+\p{Cc}\p{Z}]+$/u.test(name) && name.isWellFormed();
}

export function verifyEd25519(
  { publicKey }: VerifierKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: base64urlnopad.encode(publicKey) };
  try {
    return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature);
  } catch {
    return false;
  }
}

/** Standard base64 in its one canonical form, or undefined: padded, no stray bits, no blanks. */
export function decodeStrictBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = base64.decode(text);
    return base64.encode(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function assertKey(name: string, publicKey: Uint8Array): void {
  if (!isName(name)) throw new LogError('bad-key', 'a key name is not empty and has no blanks and no plus');
  if (publicKey.length !== PUBLIC_KEY_BYTES) throw new LogError('bad-key', 'an Ed25519 key has 32 bytes');
}
