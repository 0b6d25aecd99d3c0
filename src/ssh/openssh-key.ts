/**
 * OpenSSH's own private key format (PROTOCOL.key, "openssh-key-v1"): written for plain keys, read for security keys, neither encrypted.
 * Plain keys are read by `key-file.ts`.
 */
import { base64 } from '@scure/base';
import { SshError } from './error.ts';
import type { PrivateKey, SecurityKeyFile } from './private-key.ts';
import { writePrivateKeyFields } from './private-key-fields.ts';
import type { PublicKey } from './public-key.ts';
import {
  decodeBase64,
  decodePublicKey,
  encodePublicKey,
  isSecurityKey,
  readPublicKeyFields,
  samePublicKey,
} from './public-key.ts';
import { WireReader, WireWriter } from './wire.ts';

const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----';
const END = '-----END OPENSSH PRIVATE KEY-----';
const MAGIC = 'openssh-key-v1\0';
const COLUMNS = 70;
/** Of the cipher "none". */
const BLOCK_BYTES = 8;
/** An RSA 8192 key has about 6 KiB; a key handle at most 255 bytes in U2F, more in FIDO2. */
const MAX_FILE_CHARACTERS = 32_768;

export function isOpensshKeyFile(text: string): boolean {
  return text.trimStart().startsWith(BEGIN);
}

/**
 * The text of an unencrypted private key file. It is a secret: mode 0600, never in a log.
 * @param checkInt any uint32 from a random generator; readers only compare its two copies.
 */
export function writeOpensshPrivateKey(key: PrivateKey, comment: string, checkInt: number): string {
  const secret = new WireWriter().uint32(checkInt).uint32(checkInt).string(key.publicKey.type);
  writePrivateKeyFields(key, secret);
  const body = new WireWriter()
    .raw(new TextEncoder().encode(MAGIC))
    .string('none')
    .string('none')
    .string('')
    .uint32(1)
    .string(encodePublicKey(key.publicKey))
    .string(pad(secret.string(comment).bytes()))
    .bytes();
  const lines = base64.encode(body).match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
}

/** What stands, never encrypted, at the front of every openssh-key-v1 file; the cipher is "none" or as in ssh_config. */
export function readOpensshHeader(text: string): { readonly publicKey: PublicKey; readonly cipher: string } {
  const { publicKey, cipher } = openFile(text);
  return { publicKey, cipher };
}

/**
 * The file of an `sk` key, as `ssh-keygen -t ed25519-sk` writes it.
 * @throws SshError `needs-passphrase` when it is encrypted, `bad-key` when it is another kind of key.
 */
export function readSecurityKeyFile(text: string): SecurityKeyFile {
  const { publicKey, cipher, secret } = openFile(text);
  if (!isSecurityKey(publicKey)) throw new SshError('bad-key', 'this file does not hold a security key');
  if (cipher !== 'none') throw new SshError('needs-passphrase', 'the key file is encrypted');
  const reader = new WireReader(secret);
  const checkInt = reader.uint32();
  if (reader.uint32() !== checkInt) throw new SshError('bad-key', 'the key file is damaged');
  const repeated = readPublicKeyFields(reader.text(), reader);
  if (!samePublicKey(repeated, publicKey))
    throw new SshError('bad-key', 'the key file holds two different keys');
  const flags = reader.byte();
  const keyHandle = reader.string();
  reader.string();
  const comment = reader.text();
  expectPadding(reader.rest());
  return { publicKey, flags, keyHandle, comment };
}

interface OpenedFile {
  readonly publicKey: PublicKey;
  readonly cipher: string;
  readonly secret: Uint8Array;
}

function openFile(text: string): OpenedFile {
  const reader = new WireReader(dearmor(text));
  const magic = new TextDecoder().decode(reader.raw(MAGIC.length));
  if (magic !== MAGIC) throw new SshError('bad-armor', 'this is not an OpenSSH private key');
  const cipher = reader.text();
  reader.text();
  reader.string();
  if (reader.uint32() !== 1) throw new SshError('bad-key', 'an OpenSSH private key file holds one key');
  const publicKey = decodePublicKey(reader.string());
  return { publicKey, cipher, secret: reader.string() };
}

function dearmor(text: string): Uint8Array {
  const lines = text.trim().split(/\r?\n/);
  if (text.length > MAX_FILE_CHARACTERS || lines.at(0) !== BEGIN || lines.at(-1) !== END)
    throw new SshError('bad-armor', 'this is not an OpenSSH private key');
  return decodeBase64(lines.slice(1, -1).join(''));
}

/** PROTOCOL.key: 1, 2, 3, ... up to a whole block. */
function pad(bytes: Uint8Array): Uint8Array {
  const missing = -bytes.length & (BLOCK_BYTES - 1);
  return Uint8Array.of(...bytes, ...Array.from({ length: missing }, (_, index) => index + 1));
}

function expectPadding(bytes: Uint8Array): void {
  if (bytes.length >= BLOCK_BYTES || !bytes.every((byte, index) => byte === index + 1))
    throw new SshError('bad-key', 'the key file is damaged');
}
