/** Reads the certificates that a KRL revokes (PROTOCOL.krl, section 2; krl.c `parse_revoked_certs`). */
import { SshError } from './error.ts';
import { toKeyObject } from './key-object.ts';
import { CERTIFICATE_SECTION, MAX_BITMAP_BITS } from './krl-format.ts';
import { readAscending, readExtension, readTextWithoutNul } from './krl-strings.ts';
import type { PublicKey } from './public-key.ts';
import { decodePublicKey } from './public-key.ts';
import type { SerialSet } from './serial-set.ts';
import { SerialSetBuilder } from './serial-set.ts';
import { WireReader } from './wire.ts';

export interface DecodedCertificates {
  /** The CA key that signed them, or certificates of every CA. */
  readonly authority: PublicKey | 'any';
  readonly serials: SerialSet;
  readonly keyIds: readonly string[];
}

interface Contents {
  readonly serials: SerialSetBuilder;
  readonly keyIds: string[];
}

export function readCertificates(reader: WireReader): DecodedCertificates {
  const authority = readAuthority(reader);
  if (reader.string().length > 0)
    throw new SshError('bad-krl', 'the reserved field of an authority in the KRL is not empty');
  const contents: Contents = { serials: new SerialSetBuilder(), keyIds: [] };
  while (reader.remaining > 0) readCertificateSection(reader, contents);
  return { authority, serials: contents.serials.build(), keyIds: contents.keyIds };
}

/** OpenSSH decodes this key, too, and with one that it can not use, off its curve or too weak, sshd lets nobody in. */
function readAuthority(reader: WireReader): PublicKey | 'any' {
  const blob = reader.string();
  if (blob.length === 0) return 'any';
  const key = decodePublicKey(blob);
  toKeyObject(key);
  return key;
}

function readCertificateSection(reader: WireReader, { serials, keyIds }: Contents): void {
  const type = reader.byte();
  const section = new WireReader(reader.string());
  switch (type) {
    case CERTIFICATE_SECTION.serialList:
      readList(section, serials);
      return;
    case CERTIFICATE_SECTION.serialRange:
      serials.add(section.uint64(), section.uint64());
      section.end('the range of serials');
      return;
    case CERTIFICATE_SECTION.serialBitmap:
      readBitmap(section, serials);
      return;
    case CERTIFICATE_SECTION.keyIds:
      readAscending(section, keyIds, readTextWithoutNul);
      return;
    case CERTIFICATE_SECTION.extension:
      readExtension(section);
      return;
    default:
      throw new SshError('unknown-type', `a KRL has no section of certificates of type ${type}`);
  }
}

function readList(section: WireReader, serials: SerialSetBuilder): void {
  if (section.remaining === 0) throw new SshError('not-canonical', 'a list of serials is empty');
  while (section.remaining > 0) {
    const serial = section.uint64();
    serials.add(serial, serial);
  }
}

function readBitmap(section: WireReader, serials: SerialSetBuilder): void {
  const offset = section.uint64();
  const magnitude = section.mpint();
  section.end('the bitmap of serials');
  if (magnitude.length === 0) throw new SshError('not-canonical', 'a bitmap of serials is empty');
  if (8 * magnitude.length > MAX_BITMAP_BITS)
    throw new SshError('too-long', `a bitmap has at most ${MAX_BITMAP_BITS} bits`);
  for (let bit = 0; bit < 8 * magnitude.length; bit++) {
    const byte = magnitude[magnitude.length - 1 - (bit >>> 3)] ?? 0;
    const serial = offset + BigInt(bit);
    if ((byte & (1 << (bit & 7))) !== 0) serials.add(serial, serial);
  }
}
