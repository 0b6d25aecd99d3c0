/**
 * OpenSSH certificates (draft-miller-ssh-cert; OpenSSH sshkey.c `cert_parse`), in the order of the wire. A *draft* is
 * everything that the authority signs: the certificate up to and including its signature key. This file runs in
 * browsers too: the review page decodes drafts with it.
 */
import type { CertificateFields, CertificateOption, CertificateType } from './certificate-fields.ts';
import { MAX_PRINCIPALS } from './certificate-fields.ts';
import { SshError } from './error.ts';
import { assertIssuable } from './issuable.ts';
import type { KeyType } from './public-key.ts';
import {
  decodePublicKey,
  encodePublicKey,
  isKeyType,
  readPublicKeyFields,
  writePublicKeyFields,
} from './public-key.ts';
import { WireReader, WireWriter } from './wire.ts';

export interface Certificate {
  readonly fields: CertificateFields;
  /** The exact bytes that the authority signed. */
  readonly draft: Uint8Array;
  /** The signature blob, format name included. */
  readonly signature: Uint8Array;
}

/** A bound on what is decoded at all: 256 principals of 255 characters, an RSA 8192 key and authority, with room. */
export const MAX_CERTIFICATE_BYTES = 98_304;

const TYPES: readonly [number, CertificateType][] = [
  [1, 'user'],
  [2, 'host'],
];

/**
 * The bytes to be signed for these fields.
 * @throws SshError when the fields break a rule of issuance (`issuable.ts`).
 */
export function encodeDraft(fields: CertificateFields): Uint8Array {
  assertIssuable(fields);
  return writeDraft(fields);
}

/** Decodes what claims to be a draft of ours: strict in form and bound by every rule of issuance. */
export function decodeDraft(bytes: Uint8Array): CertificateFields {
  const reader = boundedReader(bytes);
  const fields = readFields(reader);
  reader.end('the draft');
  assertIssuable(fields);
  return fields;
}

export function assembleCertificate(draft: Uint8Array, signature: Uint8Array): Uint8Array {
  return new WireWriter().raw(draft).string(signature).bytes();
}

/**
 * Decodes any well-formed OpenSSH certificate, also one that we would not issue (no principals, options out of order,
 * for ever): `certificate show` and the doctor must be able to look at those. The signature is not verified here.
 */
export function decodeCertificate(blob: Uint8Array): Certificate {
  const reader = boundedReader(blob);
  const fields = readFields(reader);
  const draft = reader.consumed();
  const signature = reader.string();
  reader.end('the certificate');
  return { fields, draft, signature };
}

export function encodeCertificate(certificate: Certificate): Uint8Array {
  return assembleCertificate(certificate.draft, certificate.signature);
}

/** `ssh-ed25519` → `ssh-ed25519-cert-v01@openssh.com`, with the vendor's suffix at the end where there is one. */
export function certificateTypeName(type: KeyType): string {
  return `${type.replace('@openssh.com', '')}-cert-v01@openssh.com`;
}

export function flagOption(name: string): CertificateOption {
  return { name, data: new Uint8Array() };
}

export function valueOption(name: string, value: string): CertificateOption {
  return { name, data: new WireWriter().string(value).bytes() };
}

/** The text inside an option's data, or undefined when the data is not exactly one wrapped string. */
export function optionValue(option: CertificateOption): string | undefined {
  try {
    const reader = new WireReader(option.data);
    const value = reader.text();
    reader.end('the option');
    return value;
  } catch {
    return undefined;
  }
}

function boundedReader(bytes: Uint8Array): WireReader {
  if (bytes.length > MAX_CERTIFICATE_BYTES)
    throw new SshError('too-long', `a certificate has at most ${MAX_CERTIFICATE_BYTES} bytes`);
  return new WireReader(bytes);
}

function readFields(reader: WireReader): CertificateFields {
  const keyType = readKeyType(reader);
  const nonce = reader.string();
  const subject = readPublicKeyFields(keyType, reader);
  const serial = reader.uint64();
  const type = readType(reader);
  const keyId = reader.text();
  const principals = readPrincipals(reader.string());
  const validAfter = reader.uint64();
  const validBefore = reader.uint64();
  const criticalOptions = readOptions(reader.string());
  const extensions = readOptions(reader.string());
  // "reserved" must be ignored by readers, but nobody writes it: a long one was used to hide a CA's own fields.
  if (reader.string().length > 0) throw new SshError('bad-certificate', 'the reserved field is not empty');
  const authority = decodePublicKey(reader.string());
  return {
    nonce,
    subject,
    serial,
    type,
    keyId,
    principals,
    validAfter,
    validBefore,
    criticalOptions,
    extensions,
    authority,
  };
}

function writeDraft(fields: CertificateFields): Uint8Array {
  const writer = new WireWriter().string(certificateTypeName(fields.subject.type)).string(fields.nonce);
  writePublicKeyFields(fields.subject, writer);
  return writer
    .uint64(fields.serial)
    .uint32(fields.type === 'user' ? 1 : 2)
    .string(fields.keyId)
    .string(writePrincipals(fields.principals))
    .uint64(fields.validAfter)
    .uint64(fields.validBefore)
    .string(writeOptions(fields.criticalOptions))
    .string(writeOptions(fields.extensions))
    .string('')
    .string(encodePublicKey(fields.authority))
    .bytes();
}

function readKeyType(reader: WireReader): KeyType {
  const name = reader.text();
  const match = /^(.+)-cert-v01@openssh\.com$/.exec(name);
  const base = match?.[1] ?? '';
  const type = base.startsWith('sk-') ? `${base}@openssh.com` : base;
  if (!isKeyType(type))
    throw new SshError('unknown-type', 'this is not an OpenSSH certificate of a known type');
  return type;
}

function readType(reader: WireReader): CertificateType {
  const number = reader.uint32();
  const type = TYPES.find(([known]) => known === number)?.[1];
  if (type === undefined)
    throw new SshError('bad-certificate', `a certificate is of type 1 (user) or 2 (host), not ${number}`);
  return type;
}

function readPrincipals(bytes: Uint8Array): readonly string[] {
  const reader = new WireReader(bytes);
  const principals: string[] = [];
  while (reader.remaining > 0) {
    if (principals.length === MAX_PRINCIPALS)
      throw new SshError('too-long', `a certificate has at most ${MAX_PRINCIPALS} principals`);
    principals.push(reader.text());
  }
  return principals;
}

function writePrincipals(principals: readonly string[]): Uint8Array {
  const writer = new WireWriter();
  for (const principal of principals) writer.string(principal);
  return writer.bytes();
}

function readOptions(bytes: Uint8Array): readonly CertificateOption[] {
  const reader = new WireReader(bytes);
  const options: CertificateOption[] = [];
  while (reader.remaining > 0) options.push({ name: reader.text(), data: reader.string() });
  return options;
}

function writeOptions(options: readonly CertificateOption[]): Uint8Array {
  const writer = new WireWriter();
  for (const { name, data } of options) writer.string(name).string(data);
  return writer.bytes();
}
