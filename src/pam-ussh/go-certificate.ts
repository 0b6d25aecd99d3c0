/**
 * Certificates as x/crypto reads them, in the order of the wire: stricter than OpenSSH in the order and form of options, and without a look at type,
 * sizes, nonce or reserved field. What is read is encoded anew, because x/crypto verifies the CA's signature over that.
 */
import { certificateTypeName } from '../ssh/certificate.ts';
import { SshError } from '../ssh/error.ts';
import { WireReader, WireWriter } from '../ssh/wire.ts';
import type { GoKey } from './go-key.ts';
import { isGoKeyType, readGoKeyFields } from './go-key.ts';
import type { GoSignature } from './go-signature.ts';
import { compareBytes, goBytes, goText } from './go-text.ts';

export interface GoOption {
  readonly name: string;
  readonly value: string;
}

export interface GoCertificate {
  readonly kind: 'certificate';
  readonly subject: GoKey;
  readonly serial: bigint;
  /** 1 is user and 2 is host; x/crypto takes any. */
  readonly type: number;
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: readonly GoOption[];
  readonly extensions: readonly GoOption[];
  /** A certificate only where x/crypto is old, and then a CA only where `ca_file` holds that very certificate. */
  readonly authority: GoKey | GoCertificate;
  readonly signature: GoSignature;
  /** What the signature must be over. */
  readonly draft: Uint8Array;
  /** As x/crypto encodes it anew. */
  readonly blob: Uint8Array;
}

/** `fault`: why x/crypto can not read it, in our words. */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly fault: string;
  /** Whether it calls itself a certificate. */
  readonly isCertificate: boolean;
}

const CERTIFICATE_TYPE = /^(.+)-cert-v01@openssh\.com$/;
/** x/crypto has no bound, and can be sent to death by its own depth; nobody nests certificates in earnest. */
const MAX_DEPTH = 8;

/** What x/crypto's ParsePublicKey makes of a blob. Never throws. */
export function parseGoIdentity(blob: Uint8Array): GoKey | GoCertificate | Unreadable {
  try {
    return readIdentity(blob, 0);
  } catch (error) {
    if (!(error instanceof SshError)) throw error;
    return {
      kind: 'unreadable',
      fault: error.message,
      isCertificate: keyTypeOf(typeNameOf(blob) ?? '') !== undefined,
    };
  }
}

/** The name that a blob begins with; undefined when it is cut before its end. */
export function typeNameOf(blob: Uint8Array): string | undefined {
  try {
    return goText(new WireReader(blob).string());
  } catch {
    return undefined;
  }
}

function readIdentity(blob: Uint8Array, depth: number): GoKey | GoCertificate {
  const reader = new WireReader(blob);
  const name = goText(reader.string());
  const certified = keyTypeOf(name);
  const identity =
    certified === undefined
      ? readGoKeyFields(asKeyType(name), reader)
      : readCertificate(certified, reader, depth);
  reader.end(certified === undefined ? 'the key' : 'the certificate');
  return identity;
}

/** The type of the key that a certificate of this name is for; undefined when the name is not one of a certificate. */
function keyTypeOf(name: string): string | undefined {
  const base = CERTIFICATE_TYPE.exec(name)?.[1];
  return base?.startsWith('sk-') ? `${base}@openssh.com` : base;
}

function asKeyType(name: string) {
  if (!isGoKeyType(name)) throw new SshError('unknown-type', 'x/crypto does not know its type');
  return name;
}

function readCertificate(keyType: string, reader: WireReader, depth: number): GoCertificate {
  if (depth > MAX_DEPTH) throw new SshError('nested-certificate', 'certificates are nested too deep');
  const nonce = reader.string();
  const subject = readGoKeyFields(asKeyType(keyType), reader);
  const serial = reader.uint64();
  const type = reader.uint32();
  const keyId = goText(reader.string());
  const principals = readPrincipals(reader.string());
  const validAfter = reader.uint64();
  const validBefore = reader.uint64();
  const criticalOptions = readOptions(reader.string());
  const extensions = readOptions(reader.string());
  const reserved = reader.string();
  const authority = readIdentity(reader.string(), depth + 1);
  const signature = readCaSignature(reader.string());
  const fields = {
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
  const draft = encodeDraft(fields, nonce, reserved);
  const blob = new WireWriter().raw(draft).string(encodeSignature(signature)).bytes();
  return { kind: 'certificate', ...fields, signature, draft, blob };
}

function readPrincipals(bytes: Uint8Array): readonly string[] {
  const reader = new WireReader(bytes);
  const principals: string[] = [];
  while (reader.remaining > 0) principals.push(goText(reader.string()));
  return principals;
}

function readOptions(bytes: Uint8Array): readonly GoOption[] {
  const reader = new WireReader(bytes);
  const options: GoOption[] = [];
  let last: Uint8Array | undefined;
  while (reader.remaining > 0) {
    const name = reader.string();
    if (last !== undefined && compareBytes(name, last) <= 0)
      throw new SshError('bad-option', faultOfOrder(name, last));
    last = name;
    options.push({ name: goText(name), value: readOptionValue(goText(name), reader.string()) });
  }
  return options;
}

function faultOfOrder(name: Uint8Array, last: Uint8Array): string {
  if (compareBytes(name, last) === 0) return `the option ${goText(name)} stands there twice`;
  return `the option ${goText(name)} stands behind ${goText(last)}, which is not byte order`;
}

function readOptionValue(name: string, data: Uint8Array): string {
  if (data.length === 0) return '';
  const length = data.length < 4 ? -1 : new WireReader(data).uint32();
  if (length !== data.length - 4)
    throw new SshError('bad-option', `the value of the option ${name} is not wrapped as one string`);
  return goText(data.subarray(4));
}

function readCaSignature(bytes: Uint8Array): GoSignature {
  const reader = new WireReader(bytes);
  const format = goText(reader.string());
  const value = reader.string();
  if (!/^sk-(ssh-ed25519|ecdsa-sha2-nistp256)(-cert-v01)?@openssh\.com$/.test(format))
    reader.end('the signature of the CA');
  return { format, value, rest: reader.rest() };
}

type SignedFields = Omit<GoCertificate, 'kind' | 'signature' | 'draft' | 'blob'>;

function encodeDraft(fields: SignedFields, nonce: Uint8Array, reserved: Uint8Array): Uint8Array {
  return new WireWriter()
    .string(nameFor(fields.subject))
    .string(nonce)
    .raw(fieldsOf(fields.subject))
    .uint64(fields.serial)
    .uint32(fields.type)
    .string(goBytes(fields.keyId))
    .string(encodeStrings(fields.principals))
    .uint64(fields.validAfter)
    .uint64(fields.validBefore)
    .string(encodeOptions(fields.criticalOptions))
    .string(encodeOptions(fields.extensions))
    .string(reserved)
    .string(fields.authority.blob)
    .bytes();
}

function nameFor({ type }: GoKey): string {
  return type === 'ssh-dss' ? 'ssh-dss-cert-v01@openssh.com' : certificateTypeName(type);
}

/** A key's blob without the name in front. */
function fieldsOf({ blob }: GoKey): Uint8Array {
  const reader = new WireReader(blob);
  reader.string();
  return reader.rest();
}

function encodeStrings(all: readonly string[]): Uint8Array {
  const writer = new WireWriter();
  for (const one of all) writer.string(goBytes(one));
  return writer.bytes();
}

function encodeOptions(options: readonly GoOption[]): Uint8Array {
  const writer = new WireWriter();
  for (const { name, value } of options)
    writer.string(goBytes(name)).string(value === '' ? '' : new WireWriter().string(goBytes(value)).bytes());
  return writer.bytes();
}

function encodeSignature({ format, value, rest }: GoSignature): Uint8Array {
  return new WireWriter().string(goBytes(format)).string(value).raw(rest).bytes();
}
