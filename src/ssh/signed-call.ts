/**
 * Calls that say who calls: a certificate's key signs the call (SSHSIG), the certificate goes along. Nothing that could be
 * used again elsewhere is ever sent: the signature covers authority, method, full target, body, certificate, time and nonce.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64 } from '@scure/base';
import { MAX_CERTIFICATE_BYTES } from './certificate.ts';
import { SshError } from './error.ts';
import { WireWriter } from './wire.ts';

export const CALL_NAMESPACE = 'usher-call';
/** How far the two clocks may be apart, in seconds; the authority remembers nonces for as long. */
export const CALL_SKEW_SECONDS = 300;

export interface SignedCall {
  /** The origin of the authority that is meant, as its bundle names it. */
  readonly origin: string;
  /** In capitals. */
  readonly method: string;
  /** Path and query, as they stand in the request line. */
  readonly target: string;
  readonly body: Uint8Array;
  /** The whole certificate blob. */
  readonly certificate: Uint8Array;
  /** Unix time in seconds. */
  readonly time: number;
  /** 16 random bytes in base64url: 22 characters. */
  readonly nonce: string;
}

/** What a caller sends beside the call itself. */
export interface CallCredentials {
  readonly certificate: Uint8Array;
  readonly time: number;
  readonly nonce: string;
  /** The SSHSIG blob over `callMessage`. */
  readonly signature: Uint8Array;
}

/** The headers, as Node's `http` gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const NONCE = /^[A-Za-z0-9_-]{22}$/;
const TIME = /^(0|[1-9][0-9]{0,11})$/;
const MAX_SIGNATURE_BYTES = 4096;

/** The message that is signed under `CALL_NAMESPACE`. */
export function callMessage(call: SignedCall): Uint8Array {
  return new WireWriter()
    .string('usher call v1')
    .string(call.origin)
    .string(call.method)
    .string(call.target)
    .string(sha256(call.body))
    .string(sha256(call.certificate))
    .uint64(BigInt(call.time))
    .string(call.nonce)
    .bytes();
}

export function callHeaders(credentials: CallCredentials): Record<string, string> {
  return {
    'usher-certificate': base64.encode(credentials.certificate),
    'usher-time': String(credentials.time),
    'usher-nonce': credentials.nonce,
    'usher-signature': base64.encode(credentials.signature),
  };
}

/**
 * Reads the four headers; nothing is verified yet.
 * @returns undefined when there is none of them: the call does not say who calls.
 * @throws SshError when only some are there, one is there twice, or one is malformed.
 */
export function parseCallHeaders(headers: Headers): CallCredentials | undefined {
  const names = ['usher-certificate', 'usher-time', 'usher-nonce', 'usher-signature'];
  if (names.every((name) => headers[name] === undefined)) return undefined;
  return {
    certificate: readBytes(headers, 'usher-certificate', MAX_CERTIFICATE_BYTES),
    time: Number(readText(headers, 'usher-time', TIME)),
    nonce: readText(headers, 'usher-nonce', NONCE),
    signature: readBytes(headers, 'usher-signature', MAX_SIGNATURE_BYTES),
  };
}

function readText(headers: Headers, name: string, form: RegExp): string {
  const value = headers[name];
  if (typeof value !== 'string' || !form.test(value))
    throw new SshError('bad-armor', `the header ${name} is missing or malformed`);
  return value;
}

function readBytes(headers: Headers, name: string, most: number): Uint8Array {
  const text = readText(headers, name, /^[A-Za-z0-9+/]+={0,2}$/);
  if (text.length > Math.ceil(most / 3) * 4) throw new SshError('too-long', `the header ${name} is too long`);
  try {
    return base64.decode(text);
  } catch (cause) {
    throw new SshError('bad-armor', `the header ${name} is not base64`, { cause });
  }
}
