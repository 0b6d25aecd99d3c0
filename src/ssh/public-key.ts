/**
 * SSH public keys: RFC 4253 section 6.6, RFC 5656, RFC 8709 and OpenSSH's PROTOCOL.u2f. A key is decoded into its
 * numbers and encoded anew from them, so that no byte of a requester's blob is ever copied (the spliced-key attack).
 * This file runs in browsers too; whether a point lies on its curve is checked by `key-object.ts`.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64, base64nopad } from '@scure/base';
import { SshError } from './error.ts';
import { WireReader, WireWriter } from './wire.ts';

export type EcdsaType = 'ecdsa-sha2-nistp256' | 'ecdsa-sha2-nistp384' | 'ecdsa-sha2-nistp521';

export type PublicKey =
  | { readonly type: 'ssh-ed25519'; readonly point: Uint8Array }
  | { readonly type: EcdsaType; readonly point: Uint8Array }
  | { readonly type: 'ssh-rsa'; readonly exponent: Uint8Array; readonly modulus: Uint8Array }
  | { readonly type: 'sk-ssh-ed25519@openssh.com'; readonly point: Uint8Array; readonly application: string }
  | {
      readonly type: 'sk-ecdsa-sha2-nistp256@openssh.com';
      readonly point: Uint8Array;
      readonly application: string;
    };

export type KeyType = PublicKey['type'];

/** A key that lives in a FIDO authenticator. */
export type SecurityPublicKey = Extract<PublicKey, { readonly application: string }>;

const ED25519_POINT_BYTES = 32;
const RSA_MIN_BITS = 3072;
const RSA_MAX_BITS = 8192;
/** The largest blob any accepted key can have (RSA 8192), with room; checked before anything is decoded. */
const MAX_PUBLIC_KEY_BYTES = 2048;

export const CURVES: Readonly<
  Record<EcdsaType, { readonly name: string; readonly coordinateBytes: number }>
> = {
  'ecdsa-sha2-nistp256': { name: 'nistp256', coordinateBytes: 32 },
  'ecdsa-sha2-nistp384': { name: 'nistp384', coordinateBytes: 48 },
  'ecdsa-sha2-nistp521': { name: 'nistp521', coordinateBytes: 66 },
};

type FieldReaders = { readonly [T in KeyType]: (reader: WireReader) => PublicKey };

/** Reads what follows the type name: the same fields stand in a plain key and, after the nonce, in a certificate. */
const FIELDS: FieldReaders = {
  'ssh-ed25519': (reader) => ({ type: 'ssh-ed25519', point: readEd25519Point(reader) }),
  'ecdsa-sha2-nistp256': (reader) => readEcdsa('ecdsa-sha2-nistp256', reader),
  'ecdsa-sha2-nistp384': (reader) => readEcdsa('ecdsa-sha2-nistp384', reader),
  'ecdsa-sha2-nistp521': (reader) => readEcdsa('ecdsa-sha2-nistp521', reader),
  'ssh-rsa': readRsa,
  'sk-ssh-ed25519@openssh.com': (reader) => ({
    type: 'sk-ssh-ed25519@openssh.com',
    point: readEd25519Point(reader),
    application: readApplication(reader),
  }),
  'sk-ecdsa-sha2-nistp256@openssh.com': (reader) => ({
    type: 'sk-ecdsa-sha2-nistp256@openssh.com',
    point: readCurvePoint('ecdsa-sha2-nistp256', reader),
    application: readApplication(reader),
  }),
};

export const KEY_TYPES: readonly KeyType[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];

export function isKeyType(name: string): name is KeyType {
  return Object.hasOwn(FIELDS, name);
}

/** @throws SshError for anything but exactly one canonical, strong enough, plain public key. */
export function decodePublicKey(blob: Uint8Array): PublicKey {
  if (blob.length > MAX_PUBLIC_KEY_BYTES)
    throw new SshError('too-long', `a public key has at most ${MAX_PUBLIC_KEY_BYTES} bytes`);
  const reader = new WireReader(blob);
  const key = readPublicKeyFields(reader.text(), reader);
  reader.end('the public key');
  return key;
}

export function readPublicKeyFields(typeName: string, reader: WireReader): PublicKey {
  if (typeName.includes('-cert-'))
    throw new SshError('nested-certificate', 'a certificate stands where a plain public key belongs');
  if (!isKeyType(typeName))
    throw new SshError('unknown-type', `key type "${printable(typeName)}" is not accepted`);
  return FIELDS[typeName](reader);
}

export function encodePublicKey(key: PublicKey): Uint8Array {
  const writer = new WireWriter().string(key.type);
  writePublicKeyFields(key, writer);
  return writer.bytes();
}

export function writePublicKeyFields(key: PublicKey, writer: WireWriter): void {
  switch (key.type) {
    case 'ssh-ed25519':
      writer.string(key.point);
      return;
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      writer.string(CURVES[key.type].name).string(key.point);
      return;
    case 'ssh-rsa':
      writer.mpint(key.exponent).mpint(key.modulus);
      return;
    case 'sk-ssh-ed25519@openssh.com':
      writer.string(key.point).string(key.application);
      return;
    case 'sk-ecdsa-sha2-nistp256@openssh.com':
      writer.string(CURVES['ecdsa-sha2-nistp256'].name).string(key.point).string(key.application);
      return;
    default:
      key satisfies never;
  }
}

/** Whether two keys are the same key: their canonical encodings are equal. */
export function samePublicKey(a: PublicKey, b: PublicKey): boolean {
  const [left, right] = [encodePublicKey(a), encodePublicKey(b)];
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** Of a fingerprint as `fingerprint` makes it, to be put into longer patterns. */
export const FINGERPRINT_PATTERN = 'SHA256:[A-Za-z0-9+/]{43}';
const FINGERPRINT = new RegExp(`^${FINGERPRINT_PATTERN}$`);

export function isFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}

/** OpenSSH's form of the fingerprint, `SHA256:` and 43 characters. */
export function fingerprint(key: PublicKey): string {
  return `SHA256:${base64nopad.encode(sha256(encodePublicKey(key)))}`;
}

/** One line as in a `.pub` file. The key's own type must be the one that the line names. */
export function parsePublicKeyLine(line: string): { readonly key: PublicKey; readonly comment: string } {
  const [typeName = '', encoded = '', ...comment] = line.trim().split(/[ \t]+/);
  const key = decodePublicKey(decodeBase64(encoded));
  if (key.type !== typeName)
    throw new SshError('bad-key', `the line says "${printable(typeName)}", its key is ${key.type}`);
  return { key, comment: comment.join(' ') };
}

export function formatPublicKeyLine(key: PublicKey, comment = ''): string {
  return [key.type, base64.encode(encodePublicKey(key)), comment].filter((part) => part !== '').join(' ');
}

/** Standard base64, padded, canonical (no stray bits), as in key lines. */
export function decodeBase64(text: string): Uint8Array {
  try {
    return base64.decode(text);
  } catch (cause) {
    throw new SshError('bad-armor', 'the base64 text is not well formed', { cause });
  }
}

/** Whether the key lives in a FIDO authenticator. */
export function isSecurityKey(key: PublicKey): key is SecurityPublicKey {
  return 'application' in key;
}

function readEd25519Point(reader: WireReader): Uint8Array {
  const point = reader.string();
  if (point.length !== ED25519_POINT_BYTES)
    throw new SshError('bad-key', `an Ed25519 key has 32 bytes, not ${point.length}`);
  return point;
}

function readEcdsa(type: EcdsaType, reader: WireReader): PublicKey {
  return { type, point: readCurvePoint(type, reader) };
}

/** The curve's name and an uncompressed point: the only form OpenSSH writes and reads. */
function readCurvePoint(type: EcdsaType, reader: WireReader): Uint8Array {
  const curve = CURVES[type];
  if (reader.text() !== curve.name)
    throw new SshError('bad-key', `a key of type ${type} is on curve ${curve.name}`);
  const point = reader.string();
  if (point.length !== 1 + 2 * curve.coordinateBytes || point[0] !== 4)
    throw new SshError('bad-key', 'an ECDSA key is an uncompressed point of its curve');
  return point;
}

function readRsa(reader: WireReader): PublicKey {
  const exponent = reader.mpint();
  const modulus = reader.mpint();
  const bits = bitLength(modulus);
  if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
    throw new SshError('weak-key', `an RSA key has ${RSA_MIN_BITS} to ${RSA_MAX_BITS} bits, not ${bits}`);
  if (((modulus.at(-1) ?? 0) & 1) === 0) throw new SshError('bad-key', 'an RSA modulus is odd');
  // A large exponent makes each verification slow; 1 would make every signature valid.
  if (exponent.length > 4 || ((exponent.at(-1) ?? 0) & 1) === 0 || bitLength(exponent) < 2)
    throw new SshError('weak-key', 'an RSA exponent is odd, at least 3 and below 2^32');
  return { type: 'ssh-rsa', exponent, modulus };
}

function bitLength(magnitude: Uint8Array): number {
  const [first = 0] = magnitude;
  return magnitude.length === 0 ? 0 : magnitude.length * 8 - (Math.clz32(first) - 24);
}

/** PROTOCOL.u2f: the application is what the authenticator knows as RP id. NUL would end it early in C programs. */
function readApplication(reader: WireReader): string {
  const application = reader.text();
  if (application.length === 0 || application.length > 255 || application.includes('\0'))
    throw new SshError('bad-key', 'a security key names an application of 1 to 255 characters');
  return application;
}

function printable(text: string): string {
  return text.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, '?');
}
