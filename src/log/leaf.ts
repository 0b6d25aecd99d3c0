/**
 * The leaves of the log (docs/log.md): the exact bytes that are stored and hashed. One table for each kind, in the order
 * of the wire; a new kind is a table, a row of `KINDS` and a paragraph in docs/log.md. The kinds never change: what must
 * differ gets a kind of its own. This file runs in browsers too.
 */
import { MAX_REASON_LENGTH, REASON_PATTERN } from '../ssh/reason.ts';
import { WireReader, WireWriter } from '../ssh/wire.ts';
import type { Field, Fields } from './field.ts';
import {
  badLeaf,
  bytes,
  count,
  decoding,
  list,
  maxBytesOf,
  readFields,
  text,
  time,
  word,
  wrapped,
  writeFields,
} from './field.ts';

export type LoggedCredentialKind = 'webauthn' | 'ssh-sk';

/** A touch with all that is needed to verify it again. Bytes are raw; `signature` is as WebAuthn has it (ES256: DER). */
export interface LoggedTouch {
  readonly person: string;
  readonly credentialKind: LoggedCredentialKind;
  /** webauthn: base64url of the raw id; ssh-sk: the key's OpenSSH fingerprint. */
  readonly credentialId: string;
  /** COSE for webauthn, the SSH public key blob for ssh-sk. */
  readonly publicKey: Uint8Array;
  readonly rpId: string;
  readonly clientDataJson: Uint8Array;
  readonly authenticatorData: Uint8Array;
  readonly signature: Uint8Array;
}

export interface CertificateBody {
  readonly purpose: string;
  readonly person: string;
  /** SHA-256 of the roster in force when it was signed. */
  readonly rosterDigest: Uint8Array;
  readonly certificate: Uint8Array;
  readonly origin: string;
  readonly requestId: string;
  readonly nonce: Uint8Array;
  readonly expiresAt: number;
  /** Which of `draftHashes` is this certificate's. */
  readonly index: number;
  /** SHA-256 of every draft of the request, in order: what the digest of the touch covers. */
  readonly draftHashes: readonly Uint8Array[];
  readonly touches: readonly LoggedTouch[];
}

/**
 * A certificate whose request people reviewed: there was a reason, others approved, or the security key of a person is the CA
 * key. Every certificate of a request in which one for sudo was asked for has this kind.
 */
export interface ReviewedCertificateBody extends CertificateBody {
  /** Empty when none was given. */
  readonly reason: string;
  /** Until when it could be approved; the digest of approvals covers it. */
  readonly approveBy: number;
  readonly approvals: readonly LoggedTouch[];
  /** Whose CA key signed it; empty: one of the authority's own. Then `touches` may be empty: the signature is this person's touch. */
  readonly signer: string;
}

/** A certificate that an offline key of the authority signed in an emergency, entered afterwards: nobody touched for it. */
export interface BreakGlassBody {
  readonly purpose: 'login' | 'sudo';
  readonly person: string;
  readonly certificate: Uint8Array;
  /** Never empty. */
  readonly reason: string;
}

/** The assertion is by the new credential itself. */
export interface EnrollBody {
  readonly person: string;
  readonly credentialKind: LoggedCredentialKind;
  readonly credentialId: string;
  readonly publicKey: Uint8Array;
  readonly rpId: string;
  /** Hex SHA-256 of the invite's secret. */
  readonly inviteId: string;
  readonly origin: string;
  readonly requestId: string;
  readonly nonce: Uint8Array;
  readonly expiresAt: number;
  readonly clientDataJson: Uint8Array;
  readonly authenticatorData: Uint8Array;
  readonly signature: Uint8Array;
}

export interface RemoveCredentialBody {
  readonly person: string;
  readonly credentialId: string;
  /** A word such as `lost` or `replaced`: never free text, which could say anything about a person, for ever. */
  readonly reason: string;
}

export interface RosterBody {
  readonly digest: Uint8Array;
}

export interface LoggedCaKey {
  readonly purpose: string;
  /** SSH public key blob. */
  readonly publicKey: Uint8Array;
}

export interface AuthorityBody {
  readonly origin: string;
  readonly caKeys: readonly LoggedCaKey[];
  /** Verifier key of the log, as in c2sp.org/signed-note. */
  readonly logKey: string;
  /** SSH public key blob. */
  readonly bundleKey: Uint8Array;
}

interface Bodies {
  readonly certificate: CertificateBody;
  readonly 'reviewed-certificate': ReviewedCertificateBody;
  readonly 'break-glass': BreakGlassBody;
  readonly enroll: EnrollBody;
  readonly 'remove-credential': RemoveCredentialBody;
  readonly roster: RosterBody;
  readonly authority: AuthorityBody;
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

export const MAX_LEAF_BYTES = 65_535;
/** A request has at most 8 certificates; those of a touch CA have one alternative draft for each approver's key. */
const MAX_DRAFTS = 64;
export const MAX_TOUCHES = 16;

const MAGIC = 'usher leaf v1';
/** A signature blob of any CA key: RSA 8192 has 1,044 bytes, one by a browser's passkey carries its client data. */
const MAX_SIGNATURE_BLOB_BYTES = 6144;

const PURPOSE = text('purpose', /^[a-z]+$/, 32);
const PERSON = text('person', /^[A-Za-z0-9._-]+$/, 64);
const CREDENTIAL_KIND = word<LoggedCredentialKind>('credential-kind', ['webauthn', 'ssh-sk']);
const CREDENTIAL_ID = text('credential-id', /^(SHA256:[A-Za-z0-9+/]{43}|[A-Za-z0-9_-]+)$/, 1400);
const PUBLIC_KEY = bytes('public-key', 1, 2048);
const RP_ID = text('rp-id', /^[\x21-\x7e]+$/, 255);
const ORIGIN = text('origin', /^https?:\/\/[A-Za-z0-9.:[\]-]+$/, 255);
const REQUEST_ID = text('request-id', /^[A-Za-z0-9_-]{22}$/, 22);
const NONCE = bytes('nonce', 32, 32);
const EXPIRES_AT = time('expires-at');
const CLIENT_DATA_JSON = bytes('client-data-json', 1, 4096);
const AUTHENTICATOR_DATA = bytes('authenticator-data', 37, 1024);
const SIGNATURE = bytes('signature', 1, 256);
const DIGEST = bytes('digest', 32, 32);

const TOUCH: Fields<LoggedTouch> = {
  person: PERSON,
  credentialKind: CREDENTIAL_KIND,
  credentialId: CREDENTIAL_ID,
  publicKey: PUBLIC_KEY,
  rpId: RP_ID,
  clientDataJson: CLIENT_DATA_JSON,
  authenticatorData: AUTHENTICATOR_DATA,
  signature: SIGNATURE,
};

const CERTIFICATE: Fields<CertificateBody> = {
  purpose: PURPOSE,
  person: PERSON,
  rosterDigest: DIGEST,
  certificate: bytes('certificate', 1, MAX_LEAF_BYTES),
  origin: ORIGIN,
  requestId: REQUEST_ID,
  nonce: NONCE,
  expiresAt: EXPIRES_AT,
  index: count('index', MAX_DRAFTS),
  draftHashes: list('draft-hashes', DIGEST, 1, MAX_DRAFTS),
  touches: list('touches', wrapped('a touch', TOUCH), 1, MAX_TOUCHES),
};

const REVIEWED_CERTIFICATE: Fields<ReviewedCertificateBody> = {
  ...CERTIFICATE,
  touches: list('touches', wrapped('a touch', TOUCH), 0, MAX_TOUCHES),
  reason: text('reason', new RegExp(REASON_PATTERN), MAX_REASON_LENGTH),
  approveBy: time('approve-by'),
  approvals: list('approvals', wrapped('a touch', TOUCH), 0, MAX_TOUCHES),
  signer: text('signer', /^[A-Za-z0-9._-]*$/, 64),
};

const BREAK_GLASS: Fields<BreakGlassBody> = {
  purpose: word('purpose', ['login', 'sudo']),
  person: PERSON,
  certificate: bytes('certificate', 1, MAX_LEAF_BYTES),
  reason: text('reason', new RegExp(`^(?!$)${REASON_PATTERN.slice(1)}`), MAX_REASON_LENGTH),
};

const ENROLL: Fields<EnrollBody> = {
  person: PERSON,
  credentialKind: CREDENTIAL_KIND,
  credentialId: CREDENTIAL_ID,
  publicKey: PUBLIC_KEY,
  rpId: RP_ID,
  inviteId: text('invite-id', /^[0-9a-f]{64}$/, 64),
  origin: ORIGIN,
  requestId: REQUEST_ID,
  nonce: NONCE,
  expiresAt: EXPIRES_AT,
  clientDataJson: CLIENT_DATA_JSON,
  authenticatorData: AUTHENTICATOR_DATA,
  signature: SIGNATURE,
};

const REMOVE_CREDENTIAL: Fields<RemoveCredentialBody> = {
  person: PERSON,
  credentialId: CREDENTIAL_ID,
  reason: text('reason', /^[a-z]+(-[a-z]+)*$/, 32),
};

const ROSTER: Fields<RosterBody> = { digest: DIGEST };

const AUTHORITY: Fields<AuthorityBody> = {
  origin: ORIGIN,
  caKeys: list('ca-keys', wrapped('a CA key', { purpose: PURPOSE, publicKey: PUBLIC_KEY }), 1, 24),
  logKey: text('log-key', /^[\x21-\x7e]+$/, 512),
  bundleKey: PUBLIC_KEY,
};

const KINDS: { readonly [K in LeafKind]: LeafFormat<K> } = {
  certificate: format('certificate', CERTIFICATE),
  'reviewed-certificate': format('reviewed-certificate', REVIEWED_CERTIFICATE),
  'break-glass': format('break-glass', BREAK_GLASS),
  enroll: format('enroll', ENROLL),
  'remove-credential': format('remove-credential', REMOVE_CREDENTIAL),
  roster: format('roster', ROSTER),
  authority: format('authority', AUTHORITY),
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
