/** Certificates that our own encoder would never write, well signed: what a careless or hostile authority could make. */
import { randomBytes } from 'node:crypto';
import { certificateTypeName } from '../../src/ssh/certificate.ts';
import type { CertificateFields, CertificateOption } from '../../src/ssh/certificate-fields.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey, writePublicKeyFields } from '../../src/ssh/public-key.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { NOW } from './certificates.ts';
import type { TestSigner } from './keys.ts';
import { generateKey } from './keys.ts';

type Bytes = Uint8Array;

/** The fields of a certificate as they stand on the wire; `type` 1 is user, 2 host. */
export interface RawFields {
  readonly typeName: string;
  readonly nonce: Bytes;
  /** The fields of the subject's key, without its type name. */
  readonly subject: Bytes;
  readonly serial: bigint;
  readonly type: number;
  readonly keyId: string | Bytes;
  readonly principals: Bytes;
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: Bytes;
  readonly extensions: Bytes;
  readonly reserved: Bytes;
  readonly authority: Bytes;
}

/** The draft of a good login certificate with the changes that a test wants, by no rules. */
export function rawDraft(authority: TestSigner, changes: Partial<RawFields> = {}): Uint8Array {
  const fields: RawFields = {
    typeName: 'ssh-ed25519-cert-v01@openssh.com',
    nonce: randomBytes(32),
    subject: subjectFields(generateKey('ssh-ed25519').publicKey),
    serial: 42n,
    type: 1,
    keyId: 'login:alice:AAAAAAAA',
    principals: strings('alice'),
    validAfter: BigInt(NOW - 300),
    validBefore: BigInt(NOW + 3600),
    criticalOptions: new Uint8Array(),
    extensions: options(['permit-pty', '']),
    reserved: new Uint8Array(),
    authority: encodePublicKey(authority.publicKey),
    ...changes,
  };
  return new WireWriter()
    .string(fields.typeName)
    .string(fields.nonce)
    .raw(fields.subject)
    .uint64(fields.serial)
    .uint32(fields.type)
    .string(fields.keyId)
    .string(fields.principals)
    .uint64(fields.validAfter)
    .uint64(fields.validBefore)
    .string(fields.criticalOptions)
    .string(fields.extensions)
    .string(fields.reserved)
    .string(fields.authority)
    .bytes();
}

/** The draft with exactly these fields, by no rules: what a reader of a certificate must have understood. */
export function rawDraftOf(fields: CertificateFields): Uint8Array {
  const flat = (all: readonly CertificateOption[]): Uint8Array =>
    strings(...all.flatMap(({ name, data }) => [name, data]));
  return rawDraft(
    { publicKey: fields.authority, sign: () => new Uint8Array() },
    {
      typeName: certificateTypeName(fields.subject.type),
      nonce: fields.nonce,
      subject: subjectFields(fields.subject),
      serial: fields.serial,
      type: fields.type === 'user' ? 1 : 2,
      keyId: fields.keyId,
      principals: strings(...fields.principals),
      validAfter: fields.validAfter,
      validBefore: fields.validBefore,
      criticalOptions: flat(fields.criticalOptions),
      extensions: flat(fields.extensions),
    },
  );
}

/** The whole certificate, signed by `authority` whatever key it names. */
export function rawCertificate(authority: TestSigner, changes: Partial<RawFields> = {}): Uint8Array {
  const draft = rawDraft(authority, changes);
  return new WireWriter().raw(draft).string(authority.sign(draft)).bytes();
}

export function subjectFields(key: PublicKey): Uint8Array {
  const writer = new WireWriter();
  writePublicKeyFields(key, writer);
  return writer.bytes();
}

export function strings(...all: readonly (string | Uint8Array)[]): Uint8Array {
  const writer = new WireWriter();
  for (const one of all) writer.string(one);
  return writer.bytes();
}

/** Options as pairs of name and data; an empty text is a flag, another one is wrapped as OpenSSH does. */
export function options(...all: readonly (readonly [name: string, value: string])[]): Uint8Array {
  return strings(...all.flatMap(([name, value]) => [name, value === '' ? '' : strings(value)]));
}
