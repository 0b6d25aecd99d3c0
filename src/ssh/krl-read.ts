/**
 * Reads a KRL as strictly as ssh-keygen writes it (krl.c `ssh_krl_from_blob`): in order, nothing twice, nothing empty, no
 * reserved field in use. What can not be judged is refused, also where OpenSSH passes over it; a signature inside is, too,
 * since OpenSSH has verified none since 9.4.
 */
import { SshError } from './error.ts';
import {
  assertBounded,
  KRL_FORMAT_VERSION,
  KRL_MAGIC,
  MAX_KRL_BYTES,
  SECTION,
  SHA1_BYTES,
  SHA256_BYTES,
} from './krl-format.ts';
import type { DecodedCertificates } from './krl-read-certificates.ts';
import { readCertificates } from './krl-read-certificates.ts';
import { readAscending, readExtension, readPlainKey, readTextWithoutNul } from './krl-strings.ts';
import { fingerprint } from './public-key.ts';
import { WireReader } from './wire.ts';

export interface DecodedKrl {
  readonly number: bigint;
  /** Unix time in whole seconds. */
  readonly generatedAt: bigint;
  readonly comment: string;
  readonly certificates: readonly DecodedCertificates[];
  /** As blobs, which is how OpenSSH compares them: many a revoked key is of a kind that we accept nowhere. */
  readonly keys: readonly Uint8Array[];
  readonly sha256Fingerprints: readonly Uint8Array[];
  /** ssh-keygen writes them when it is told to; ours have none. */
  readonly sha1Fingerprints: readonly Uint8Array[];
}

type Header = Pick<DecodedKrl, 'number' | 'generatedAt' | 'comment'>;

interface Contents {
  readonly certificates: DecodedCertificates[];
  readonly keys: Uint8Array[];
  readonly sha256Fingerprints: Uint8Array[];
  readonly sha1Fingerprints: Uint8Array[];
}

/** Whether a file means to be a KRL: sshd takes a list of keys in text, too. */
export function isKrl(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && new WireReader(bytes).uint64() === KRL_MAGIC;
}

/** @throws SshError for anything but one well-formed KRL. */
export function decodeKrl(bytes: Uint8Array): DecodedKrl {
  if (bytes.length > MAX_KRL_BYTES)
    throw new SshError('too-long', `a KRL has at most ${MAX_KRL_BYTES} bytes`);
  const reader = new WireReader(bytes);
  const header = readHeader(reader);
  const contents: Contents = { certificates: [], keys: [], sha256Fingerprints: [], sha1Fingerprints: [] };
  while (reader.remaining > 0) readSection(reader, contents);
  assertEachOnce(contents.certificates);
  return { ...header, ...contents };
}

function readHeader(reader: WireReader): Header {
  if (reader.uint64() !== KRL_MAGIC) throw new SshError('bad-krl', 'this is not a KRL');
  const version = reader.uint32();
  if (version !== KRL_FORMAT_VERSION)
    throw new SshError('bad-krl', `a KRL is of format version ${KRL_FORMAT_VERSION}, not ${version}`);
  const number = reader.uint64();
  const generatedAt = reader.uint64();
  if (reader.uint64() !== 0n) throw new SshError('bad-krl', 'a KRL has no flags');
  if (reader.string().length > 0) throw new SshError('bad-krl', 'the reserved field of the KRL is not empty');
  return { number, generatedAt, comment: readTextWithoutNul(reader) };
}

function readSection(reader: WireReader, contents: Contents): void {
  const type = reader.byte();
  const section = new WireReader(reader.string());
  switch (type) {
    case SECTION.certificates:
      contents.certificates.push(readCertificates(section));
      assertBounded(contents.certificates);
      return;
    case SECTION.keys:
      readAscending(section, contents.keys, readPlainKey);
      return;
    case SECTION.sha1Fingerprints:
      readAscending(section, contents.sha1Fingerprints, hashOf(SHA1_BYTES));
      return;
    case SECTION.sha256Fingerprints:
      readAscending(section, contents.sha256Fingerprints, hashOf(SHA256_BYTES));
      return;
    case SECTION.extension:
      readExtension(section);
      return;
    case SECTION.signature:
      throw new SshError('bad-krl', 'a KRL with a signature inside is not accepted');
    default:
      throw new SshError('unknown-type', `a KRL has no section of type ${type}`);
  }
}

function hashOf(length: number): (section: WireReader) => Uint8Array {
  return (section) => {
    const hash = section.string();
    if (hash.length !== length)
      throw new SshError('bad-krl', `a fingerprint has ${length} bytes here, not ${hash.length}`);
    return hash;
  };
}

/** ssh-keygen writes one section for each authority, which whoever looks for one may rely on. */
function assertEachOnce(all: readonly DecodedCertificates[]): void {
  const names = all.map(({ authority }) => (authority === 'any' ? '' : fingerprint(authority)));
  if (new Set(names).size !== names.length)
    throw new SshError('not-canonical', 'the certificates of an authority are listed twice');
}
