/** Signatures over messages and files: OpenSSH's PROTOCOL.sshsig, as `ssh-keygen -Y sign` makes them. */
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { base64 } from '@scure/base';
import { SshError } from './error.ts';
import type { PrivateKey } from './private-key.ts';
import { signMessage } from './private-key.ts';
import type { PublicKey } from './public-key.ts';
import { decodeBase64, decodePublicKey, encodePublicKey } from './public-key.ts';
import type { Verification } from './signature.ts';
import { verifySignature } from './signature.ts';
import { WireReader, WireWriter } from './wire.ts';

/** A key of 2048 bytes, a signature of 2048 and the names, with room. */
const MAX_SSHSIG_BYTES = 8192;

const MAGIC = new TextEncoder().encode('SSHSIG');
const VERSION = 1;
const HASHES = { sha256, sha512 } as const;
type HashName = keyof typeof HASHES;
const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';
/** As OpenSSH breaks them. */
const ARMOR_COLUMNS = 70;

/** What a key (or an agent, for the key) signs: never the message itself, so that no SSHSIG is a certificate or a login. */
export function sshsigPreimage(namespace: string, message: Uint8Array): Uint8Array {
  return preimage(namespace, message, 'sha512');
}

export function signSshsig(key: PrivateKey, namespace: string, message: Uint8Array): Uint8Array {
  return encodeSshsig(key.publicKey, namespace, signMessage(key, sshsigPreimage(namespace, message)));
}

/** The SSHSIG blob around a signature blob over `sshsigPreimage`, which an agent may have made. */
export function encodeSshsig(publicKey: PublicKey, namespace: string, signature: Uint8Array): Uint8Array {
  return new WireWriter()
    .raw(MAGIC)
    .uint32(VERSION)
    .string(encodePublicKey(publicKey))
    .string(namespace)
    .string('')
    .string('sha512')
    .string(signature)
    .bytes();
}

/**
 * Verifies an SSHSIG blob. The key is the one the blob names: the caller compares it with the one that it expects, and asks for the touch.
 * A signature for another namespace is not valid.
 * @throws SshError when the blob is not well formed.
 */
export function verifySshsig(
  blob: Uint8Array,
  namespace: string,
  message: Uint8Array,
): { readonly key: PublicKey } & Verification {
  const sshsig = decodeSshsig(blob);
  if (sshsig.namespace !== namespace) return { key: sshsig.key, valid: false };
  const signed = preimage(namespace, message, sshsig.hash);
  return { key: sshsig.key, ...verifySignature(sshsig.key, sshsig.signature, signed) };
}

export function armorSshsig(blob: Uint8Array): string {
  const lines = base64.encode(blob).match(new RegExp(`.{1,${ARMOR_COLUMNS}}`, 'g')) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
}

/** @throws SshError `bad-armor` when the text is anything but one armored signature. */
export function dearmorSshsig(text: string): Uint8Array {
  const lines = text.trim().split(/\r?\n/);
  if (text.length > 2 * MAX_SSHSIG_BYTES || lines.at(0) !== BEGIN || lines.at(-1) !== END || lines.length < 3)
    throw new SshError('bad-armor', 'this is not an armored SSH signature');
  return decodeBase64(lines.slice(1, -1).join(''));
}

interface Sshsig {
  readonly key: PublicKey;
  readonly namespace: string;
  readonly hash: HashName;
  readonly signature: Uint8Array;
}

function decodeSshsig(blob: Uint8Array): Sshsig {
  if (blob.length > MAX_SSHSIG_BYTES)
    throw new SshError('too-long', `an SSH signature has at most ${MAX_SSHSIG_BYTES} bytes`);
  const reader = new WireReader(blob);
  const magic = reader.raw(MAGIC.length);
  if (!magic.every((byte, index) => byte === MAGIC[index]) || reader.uint32() !== VERSION)
    throw new SshError('bad-signature', 'this is not an SSH signature of version 1');
  const key = decodePublicKey(reader.string());
  const namespace = reader.text();
  // Nobody writes "reserved" and it is not signed: bytes there would only be a place to hide something.
  if (reader.string().length > 0) throw new SshError('bad-signature', 'the reserved field is not empty');
  const hash = readHash(reader.text());
  const signature = reader.string();
  reader.end('the SSH signature');
  return { key, namespace, hash, signature };
}

function readHash(name: string): HashName {
  if (name === 'sha256' || name === 'sha512') return name;
  throw new SshError('bad-signature', 'an SSH signature hashes with sha256 or sha512');
}

function preimage(namespace: string, message: Uint8Array, hash: HashName): Uint8Array {
  if (namespace === '') throw new TypeError('a namespace is not empty');
  return new WireWriter()
    .raw(MAGIC)
    .string(namespace)
    .string('')
    .string(hash)
    .string(HASHES[hash](message))
    .bytes();
}
