/**
 * OpenSSH's binary revocation lists (PROTOCOL.krl, format version 1; OpenSSH krl.c): what a KRL of ours says, and its
 * bytes. The same content gives the same bytes in whatever order it comes: all is sorted, and nothing stands there twice.
 */
import { SshError } from './error.ts';
import type { RevokedCertificates } from './krl-certificates.ts';
import { encodeRevokedCertificates } from './krl-certificates.ts';
import { assertBounded, KRL_FORMAT_VERSION, KRL_MAGIC, MAX_KRL_BYTES, SECTION } from './krl-format.ts';
import type { PublicKey } from './public-key.ts';
import { decodeBase64, encodePublicKey } from './public-key.ts';
import { WireWriter } from './wire.ts';

export interface Krl {
  /** Grows with each new KRL; sshd does not look at it. */
  readonly number: bigint;
  /** Unix time in whole seconds. */
  readonly generatedAt: bigint;
  /** Printable ASCII, or empty. */
  readonly comment: string;
  /** Each authority once. */
  readonly certificates: readonly RevokedCertificates[];
  /** Refused themselves, in every certificate for them, and in every certificate by them. */
  readonly keys: readonly PublicKey[];
  /** The same for keys of which only the fingerprint is known: `SHA256:` and 43 characters. */
  readonly fingerprints: readonly string[];
}

const COMMENT = /^[\x20-\x7e]{0,255}$/;
const FINGERPRINT = /^SHA256:([A-Za-z0-9+/]{43})$/;

/** @throws SshError for what OpenSSH would read as something else, or not at all. */
export function encodeKrl(krl: Krl): Uint8Array {
  if (!COMMENT.test(krl.comment))
    throw new SshError('bad-krl', 'the comment of a KRL has at most 255 printable ASCII characters');
  const writer = new WireWriter()
    .uint64(KRL_MAGIC)
    .uint32(KRL_FORMAT_VERSION)
    .uint64(krl.number)
    .uint64(krl.generatedAt)
    // Flags, of which there are none, and the reserved field.
    .uint64(0n)
    .string('')
    .string(krl.comment);
  writeCertificates(krl.certificates, writer);
  writeBlobs(SECTION.keys, krl.keys.map(encodePublicKey), writer);
  writeBlobs(SECTION.sha256Fingerprints, krl.fingerprints.map(hashIn), writer);
  const bytes = writer.bytes();
  if (bytes.length > MAX_KRL_BYTES)
    throw new SshError('too-long', `a KRL has at most ${MAX_KRL_BYTES} bytes`);
  return bytes;
}

function writeCertificates(all: readonly RevokedCertificates[], writer: WireWriter): void {
  assertBounded(all);
  const encoded = all
    .filter(({ serials, keyIds }) => serials.runs + keyIds.length > 0)
    .map((one) => ({ name: nameOf(one), section: encodeRevokedCertificates(one) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (new Set(encoded.map(({ name }) => name)).size !== encoded.length)
    throw new TypeError('a KRL lists the certificates of an authority once');
  for (const { section } of encoded) writer.byte(SECTION.certificates).string(section);
}

function nameOf({ authority }: RevokedCertificates): string {
  return authority === 'any' ? '' : Buffer.from(encodePublicKey(authority)).toString('hex');
}

/** PROTOCOL.krl wants fingerprints in the order of their bytes; ssh-keygen keeps keys so as well. */
function writeBlobs(section: number, blobs: readonly Uint8Array[], writer: WireWriter): void {
  if (blobs.length === 0) return;
  const strings = new WireWriter();
  let previous: Uint8Array | undefined;
  for (const blob of blobs.toSorted(Buffer.compare)) {
    if (previous === undefined || Buffer.compare(previous, blob) !== 0) strings.string(blob);
    previous = blob;
  }
  writer.byte(section).string(strings.bytes());
}

function hashIn(fingerprint: string): Uint8Array {
  const encoded = FINGERPRINT.exec(fingerprint)?.[1];
  if (encoded === undefined)
    throw new SshError('bad-krl', 'a fingerprint is "SHA256:" and 43 characters of base64');
  return decodeBase64(`${encoded}=`);
}
