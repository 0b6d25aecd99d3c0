/**
 * Signature blobs: RFC 4253 section 6.6, RFC 5656 section 3.1.2, RFC 8332, RFC 8709 and OpenSSH's PROTOCOL.u2f.
 * One table row a key type says which formats may sign for it; whatever is not there is refused, `ssh-rsa` (SHA-1) and the `webauthn-sk`
 * form (which sshd before 10.3, x/crypto and pam-ussh refuse) above all.
 */
import { verify } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { SshError } from './error.ts';
import { toKeyObject } from './key-object.ts';
import type { KeyType, PublicKey } from './public-key.ts';
import { isSecurityKey } from './public-key.ts';
import { WireReader, WireWriter } from './wire.ts';

export type SignatureFormat = Exclude<KeyType, 'ssh-rsa'> | 'rsa-sha2-256' | 'rsa-sha2-512';

/** What an authenticator says of itself in a signature. */
export interface SecurityKeyState {
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly counter: number;
}

export type Verification =
  | { readonly valid: false }
  | { readonly valid: true; readonly securityKey?: SecurityKeyState };

/** The largest signature of any accepted key (RSA 8192: 1024 bytes and a name), with room. */
const MAX_SIGNATURE_BYTES = 2048;

/** The hash under a format, undefined where the algorithm has its own; `scalar` is the length of r and of s of ECDSA. */
interface Algorithm {
  readonly hash: 'sha256' | 'sha384' | 'sha512' | undefined;
  readonly scalar?: number;
}

export const ALGORITHMS: { readonly [F in SignatureFormat]: Algorithm } = {
  'ssh-ed25519': { hash: undefined },
  'ecdsa-sha2-nistp256': { hash: 'sha256', scalar: 32 },
  'ecdsa-sha2-nistp384': { hash: 'sha384', scalar: 48 },
  'ecdsa-sha2-nistp521': { hash: 'sha512', scalar: 66 },
  'rsa-sha2-256': { hash: 'sha256' },
  'rsa-sha2-512': { hash: 'sha512' },
  'sk-ssh-ed25519@openssh.com': { hash: undefined },
  'sk-ecdsa-sha2-nistp256@openssh.com': { hash: 'sha256', scalar: 32 },
};

const ED25519_SIGNATURE_BYTES = 64;
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
/** Backup eligibility and state: passkeys that are synchronised set them. */
const BACKUP = 0x08 | 0x10;

interface Parsed {
  readonly format: SignatureFormat;
  /** As `node:crypto` takes it; ECDSA as r and s of equal length. */
  readonly value: Uint8Array;
  readonly flags: number;
  readonly counter: number;
}

/**
 * Verifies a signature blob over `message`. For a security key the caller decides what `userPresent` and `userVerified` must be.
 * @throws SshError when the blob is not exactly one canonical signature of a format that this key may use, or the key is bad.
 */
export function verifySignature(key: PublicKey, signature: Uint8Array, message: Uint8Array): Verification {
  const parsed = parseSignature(key, signature);
  const { hash, scalar } = ALGORITHMS[parsed.format];
  const signed = isSecurityKey(key) ? securityKeyMessage(key.application, parsed, message) : message;
  const object = toKeyObject(key);
  const keyInput = scalar === undefined ? object : { key: object, dsaEncoding: 'ieee-p1363' as const };
  if (!verify(hash, signed, keyInput, parsed.value)) return { valid: false };
  return isSecurityKey(key) ? { valid: true, securityKey: stateOf(parsed) } : { valid: true };
}

/** The blob `string format | string value` (without a security key's flags and counter), from what `node:crypto` gives. */
export function encodeSignature(format: SignatureFormat, value: Uint8Array): Uint8Array {
  const { scalar } = ALGORITHMS[format];
  return new WireWriter()
    .string(format)
    .string(scalar === undefined ? value : encodeScalars(value, scalar))
    .bytes();
}

function parseSignature(key: PublicKey, signature: Uint8Array): Parsed {
  if (signature.length > MAX_SIGNATURE_BYTES)
    throw new SshError('too-long', `a signature has at most ${MAX_SIGNATURE_BYTES} bytes`);
  const reader = new WireReader(signature);
  const format = readFormat(key, reader.text());
  const value = readValue(key, format, reader.string());
  const flags = isSecurityKey(key) ? readFlags(reader) : 0;
  const counter = isSecurityKey(key) ? reader.uint32() : 0;
  reader.end('the signature');
  return { format, value, flags, counter };
}

function readFormat(key: PublicKey, name: string): SignatureFormat {
  const formats: readonly SignatureFormat[] =
    key.type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [key.type];
  const format = formats.find((known) => known === name);
  if (format === undefined)
    throw new SshError(
      'bad-signature',
      `a signature of a ${key.type} key is of the form ${formats.join(' or ')}`,
    );
  return format;
}

function readValue(key: PublicKey, format: SignatureFormat, value: Uint8Array): Uint8Array {
  const { scalar } = ALGORITHMS[format];
  if (scalar !== undefined) return decodeScalars(value, scalar);
  const length = key.type === 'ssh-rsa' ? key.modulus.length : ED25519_SIGNATURE_BYTES;
  if (value.length !== length)
    throw new SshError('bad-signature', `a signature of this ${key.type} key has ${length} bytes`);
  return value;
}

/** PROTOCOL.u2f signs no extension data and no new credential, so these two bits and the reserved ones are never set. */
function readFlags(reader: WireReader): number {
  const flags = reader.byte();
  if ((flags & ~(USER_PRESENT | USER_VERIFIED | BACKUP)) !== 0)
    throw new SshError('bad-signature', 'a security key signature has flags that must not be set');
  return flags;
}

/** What the authenticator signs: PROTOCOL.u2f, "SSH U2F Signatures". */
function securityKeyMessage(application: string, parsed: Parsed, message: Uint8Array): Uint8Array {
  return new WireWriter()
    .raw(sha256(new TextEncoder().encode(application)))
    .byte(parsed.flags)
    .uint32(parsed.counter)
    .raw(sha256(message))
    .bytes();
}

function stateOf({ flags, counter }: Parsed): SecurityKeyState {
  return {
    userPresent: (flags & USER_PRESENT) !== 0,
    userVerified: (flags & USER_VERIFIED) !== 0,
    counter,
  };
}

/** `mpint r | mpint s` → r and s, each as long as the curve's order. */
function decodeScalars(value: Uint8Array, length: number): Uint8Array {
  const reader = new WireReader(value);
  const scalars = [reader.mpint(), reader.mpint()];
  reader.end('the ECDSA signature');
  const whole = new Uint8Array(2 * length);
  scalars.forEach((scalar, index) => {
    if (scalar.length === 0 || scalar.length > length)
      throw new SshError('bad-signature', 'r and s of an ECDSA signature are not of the size of its curve');
    whole.set(scalar, (index + 1) * length - scalar.length);
  });
  return whole;
}

function encodeScalars(value: Uint8Array, length: number): Uint8Array {
  return new WireWriter().mpint(value.subarray(0, length)).mpint(value.subarray(length)).bytes();
}
