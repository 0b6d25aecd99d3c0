/**
 * Signatures as x/crypto reads and verifies them. It takes SHA-1 of RSA keys (which is what OpenSSH's agent makes when it is asked without flags, as
 * pam-ussh asks) and whatever stands behind a signature of a plain key; it knows no `webauthn` form.
 */
import { verify } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { SshError } from '../ssh/error.ts';
import { ALGORITHMS } from '../ssh/signature.ts';
import { WireReader, WireWriter } from '../ssh/wire.ts';
import { magnitude, readInteger } from './go-integer.ts';
import type { GoKey } from './go-key.ts';
import { goText } from './go-text.ts';

export interface GoSignature {
  readonly format: string;
  readonly value: Uint8Array;
  /** What follows: a security key's flags and counter. */
  readonly rest: Uint8Array;
}

export interface VerifyRules {
  /** x/crypto from 0.52 on, for the signatures of subjects. */
  readonly needsTouch: boolean;
}

const RSA_HASHES: Readonly<Record<string, string>> = {
  'ssh-rsa': 'sha1',
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
};
const DSA_BYTES = 40;
const FLAGS_AND_COUNTER_BYTES = 5;
const USER_PRESENT = 0x01;
const NOT_VERIFIED = 'ssh: signature did not verify';
const SHORT_READ = 'ssh: short read';
const PARSE_ERROR = 'ssh: parse error in message type 0';

/** A signature as an agent gives it: anything may follow. @throws SshError when format or value are cut. */
export function readGoSignature(blob: Uint8Array): GoSignature {
  const reader = new WireReader(blob);
  return { format: goText(reader.string()), value: reader.string(), rest: reader.rest() };
}

/** Why x/crypto refuses this signature, in its words; undefined when it is good. */
export function faultOfSignature(
  key: GoKey,
  signature: GoSignature,
  message: Uint8Array,
  rules: VerifyRules,
): string | undefined {
  if (key.type === 'ssh-rsa') return faultOfRsa(key, signature, message);
  if (signature.format !== key.type) return wrongFormat(key, signature);
  if (key.type === 'ssh-dss') return faultOfDsa(key, signature, message);
  const { hash, scalar } = ALGORITHMS[key.type];
  const value = scalar === undefined ? signature.value : readScalars(signature.value, scalar);
  if (typeof value === 'string') return value;
  const signed =
    key.application === undefined ? message : touched(key.application, signature, message, rules);
  if (typeof signed === 'string') return signed;
  return isGood(key, hash, signed, value) ? undefined : NOT_VERIFIED;
}

function wrongFormat(key: GoKey, { format }: GoSignature): string {
  return `ssh: signature type ${format} for key type ${key.type}`;
}

function faultOfRsa(key: GoKey, signature: GoSignature, message: Uint8Array): string | undefined {
  const hash = Object.hasOwn(RSA_HASHES, signature.format) ? RSA_HASHES[signature.format] : undefined;
  if (hash === undefined) return wrongFormat(key, signature);
  const isWhole = signature.value.length === key.modulusBytes;
  return isWhole && isGood(key, hash, message, signature.value)
    ? undefined
    : 'crypto/rsa: verification error';
}

function faultOfDsa(key: GoKey, { value }: GoSignature, message: Uint8Array): string | undefined {
  if (value.length !== DSA_BYTES) return 'ssh: DSA signature parse error';
  return isGood(key, 'sha1', message, value) ? undefined : NOT_VERIFIED;
}

/** r and s, each as long as the curve's order, or the fault. */
function readScalars(value: Uint8Array, length: number): Uint8Array | string {
  if (value.length === 0) return PARSE_ERROR;
  const numbers = readTwoIntegers(value);
  if (typeof numbers === 'string') return numbers;
  const scalars = numbers.map((number) => (number < 0n ? [] : magnitude(number)));
  if (scalars.some((scalar) => scalar.length === 0 || scalar.length > length)) return NOT_VERIFIED;
  const whole = new Uint8Array(2 * length);
  scalars.forEach((scalar, index) => {
    whole.set(scalar, (index + 1) * length - scalar.length);
  });
  return whole;
}

function readTwoIntegers(value: Uint8Array): readonly bigint[] | string {
  const reader = new WireReader(value);
  try {
    const numbers = [readInteger(reader), readInteger(reader)];
    return reader.remaining > 0 ? PARSE_ERROR : numbers;
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return SHORT_READ;
  }
}

/** What the authenticator signed, or the fault: PROTOCOL.u2f, "SSH U2F Signatures". */
function touched(
  application: Uint8Array,
  { value, rest }: GoSignature,
  message: Uint8Array,
  { needsTouch }: VerifyRules,
): Uint8Array | string {
  if (value.length === 0 || rest.length === 0) return PARSE_ERROR;
  if (rest.length !== FLAGS_AND_COUNTER_BYTES)
    return rest.length < FLAGS_AND_COUNTER_BYTES ? SHORT_READ : PARSE_ERROR;
  if (needsTouch && ((rest[0] ?? 0) & USER_PRESENT) === 0)
    return 'ssh: signature missing required user presence flag';
  return new WireWriter().raw(sha256(application)).raw(rest).raw(sha256(message)).bytes();
}

function isGood(key: GoKey, hash: string | undefined, message: Uint8Array, value: Uint8Array): boolean {
  if (key.object === undefined) return false;
  try {
    return verify(hash, message, { key: key.object, dsaEncoding: 'ieee-p1363' }, value);
  } catch {
    // Numbers that OpenSSL refuses to work with, such as an even modulus.
    return false;
  }
}
