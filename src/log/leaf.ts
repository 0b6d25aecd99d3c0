/**
 * The leaves of the log (docs/log.md): the exact bytes that are stored and hashed. One table for each kind, in the order
 * of the wire; a new kind is a table, a row of `KINDS` and a paragraph in docs/log.md. The kinds never change: what must
 * differ gets a kind of its own. This file runs in browsers too.
 */
import { WireReader, WireWriter } from '../ssh/wire.ts';
import type { ActBody, RevokeBody } from './act-bodies.ts';
import { ACT, REVOKE } from './act-bodies.ts';
import type { BreakGlassBody, CertificateBody, ReviewedCertificateBody } from './certificate-bodies.ts';
import { BREAK_GLASS, CERTIFICATE, REVIEWED_CERTIFICATE } from './certificate-bodies.ts';
import type { Field, Fields } from './field.ts';
import { badLeaf, decoding, maxBytesOf, readFields, time, word, writeFields } from './field.ts';
import { DIGEST, MAX_LEAF_BYTES, TOUCH } from './leaf-fields.ts';
import type { AlarmBody, HostCertificateBody, LockMachineBody, SudoStatementBody } from './machine-bodies.ts';
import { ALARM, HOST_CERTIFICATE, LOCK_MACHINE, SUDO_STATEMENT } from './machine-bodies.ts';
import type {
  AuthorityBody,
  CaKeyBody,
  EnrollBody,
  RemoveCredentialBody,
  RosterBody,
} from './trust-bodies.ts';
import { AUTHORITY, CA_KEY, ENROLL, REMOVE_CREDENTIAL, ROSTER } from './trust-bodies.ts';

interface Bodies {
  readonly certificate: CertificateBody;
  readonly 'reviewed-certificate': ReviewedCertificateBody;
  readonly 'break-glass': BreakGlassBody;
  readonly enroll: EnrollBody;
  readonly 'remove-credential': RemoveCredentialBody;
  readonly roster: RosterBody;
  readonly authority: AuthorityBody;
  readonly act: ActBody;
  readonly revoke: RevokeBody;
  readonly 'ca-key': CaKeyBody;
  readonly 'host-certificate': HostCertificateBody;
  readonly 'lock-machine': LockMachineBody;
  readonly alarm: AlarmBody;
  readonly 'sudo-statement': SudoStatementBody;
}

export type LeafKind = keyof Bodies;
export type LeafOf<K extends LeafKind> = { readonly kind: K; readonly recordedAt: number } & Bodies[K];
export type Leaf = { readonly [K in LeafKind]: LeafOf<K> }[LeafKind];
export type ReviewedCertificateLeaf = LeafOf<'reviewed-certificate'>;
export type CertificateLeaf = LeafOf<'certificate'> | ReviewedCertificateLeaf;

interface LeafFormat<K extends LeafKind> {
  readonly read: (reader: WireReader) => LeafOf<K>;
  readonly write: (writer: WireWriter, leaf: LeafOf<K>) => void;
}

const MAGIC = 'usher leaf v1';
/** A signature blob of any CA key: RSA 8192 has 1,044 bytes, one by a browser's passkey carries its client data. */
const MAX_SIGNATURE_BLOB_BYTES = 6144;

const KINDS: { readonly [K in LeafKind]: LeafFormat<K> } = {
  certificate: format('certificate', CERTIFICATE),
  'reviewed-certificate': format('reviewed-certificate', REVIEWED_CERTIFICATE),
  'break-glass': format('break-glass', BREAK_GLASS),
  enroll: format('enroll', ENROLL),
  'remove-credential': format('remove-credential', REMOVE_CREDENTIAL),
  roster: format('roster', ROSTER),
  authority: format('authority', AUTHORITY),
  act: format('act', ACT),
  revoke: format('revoke', REVOKE),
  'ca-key': format('ca-key', CA_KEY),
  'host-certificate': format('host-certificate', HOST_CERTIFICATE),
  'lock-machine': format('lock-machine', LOCK_MACHINE),
  alarm: format('alarm', ALARM),
  'sudo-statement': format('sudo-statement', SUDO_STATEMENT),
};

const MAGIC_FIELD: Field<string> = word('the first field', [MAGIC]);
const KIND: Field<LeafKind> = word('kind', [
  'certificate',
  'reviewed-certificate',
  'break-glass',
  'enroll',
  'remove-credential',
  'roster',
  'authority',
  'act',
  'revoke',
  'ca-key',
  'host-certificate',
  'lock-machine',
  'alarm',
  'sudo-statement',
]);
const RECORDED_AT = time('recorded-at');

/** @throws LogError `bad-leaf` when a field breaks its rule or the whole has more than 65,535 bytes. */
export function encodeLeaf<K extends LeafKind>(leaf: LeafOf<K>): Uint8Array {
  const writer = new WireWriter();
  MAGIC_FIELD.write(writer, MAGIC);
  KIND.write(writer, leaf.kind);
  KINDS[leaf.kind].write(writer, leaf);
  const encoded = writer.bytes();
  assertFits(encoded.length);
  return encoded;
}

/** Decodes exactly what `encodeLeaf` writes. @throws LogError `bad-leaf` */
export function decodeLeaf(leaf: Uint8Array): Leaf {
  assertFits(leaf.length);
  return decoding(() => {
    const reader = new WireReader(leaf);
    MAGIC_FIELD.read(reader);
    const decoded = KINDS[KIND.read(reader)].read(reader);
    reader.end('the leaf');
    return decoded;
  });
}

/**
 * The most bytes that the leaf of a certificate can have, known when it is drafted: before anything is touched or signed
 * an authority must know that it will be able to record it. `touches` is how many touches policy asks for, approvals included.
 */
export function certificateLeafBytes(of: { draftBytes: number; drafts: number; touches: number }): number {
  const { certificate, draftHashes, touches, approvals, ...others } = REVIEWED_CERTIFICATE;
  const frame = MAGIC_FIELD.maxBytes + KIND.maxBytes + RECORDED_AT.maxBytes + maxBytesOf(others);
  const signed = 4 + of.draftBytes + 4 + MAX_SIGNATURE_BLOB_BYTES;
  const hashes = 4 + of.drafts * DIGEST.maxBytes;
  return frame + signed + hashes + 8 + of.touches * (4 + maxBytesOf(TOUCH));
}

function format<K extends LeafKind>(kind: K, fields: Fields<Bodies[K]>): LeafFormat<K> {
  return {
    read: (reader) => {
      const recordedAt = RECORDED_AT.read(reader);
      return { kind, recordedAt, ...readFields<Bodies[K]>(reader, fields) };
    },
    write: (writer, leaf) => {
      RECORDED_AT.write(writer, leaf.recordedAt);
      writeFields<Bodies[K]>(writer, fields, leaf);
    },
  };
}

function assertFits(length: number): void {
  if (length > MAX_LEAF_BYTES) throw badLeaf(`a leaf has at most ${MAX_LEAF_BYTES} bytes, not ${length}`);
}
