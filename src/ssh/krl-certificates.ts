/** The sections of a KRL that revoke certificates, by serial and by key id (PROTOCOL.krl, section 2; krl.c `revoked_certs_generate`). */
import { SshError } from './error.ts';
import { CERTIFICATE_SECTION } from './krl-format.ts';
import type { SerialSection } from './krl-serials.ts';
import { planSerialSections } from './krl-serials.ts';
import type { PublicKey } from './public-key.ts';
import { encodePublicKey } from './public-key.ts';
import type { SerialSet } from './serial-set.ts';
import { WireWriter } from './wire.ts';

export interface RevokedCertificates {
  /** The CA key that signed them, or certificates of every CA. */
  readonly authority: PublicKey | 'any';
  readonly serials: SerialSet;
  readonly keyIds: readonly string[];
}

/** What is longer, or has other characters, is in no certificate of ours; an empty one would stand for all that have none. */
const KEY_ID = /^[\x20-\x7e]{1,255}$/;

/** @throws SshError for key ids that no certificate of ours has. */
export function encodeRevokedCertificates({ authority, serials, keyIds }: RevokedCertificates): Uint8Array {
  const writer = new WireWriter().string(authority === 'any' ? '' : encodePublicKey(authority)).string('');
  for (const section of planSerialSections(serials)) writeSerials(serials, section, writer);
  writeKeyIds(keyIds, writer);
  return writer.bytes();
}

function writeSerials(serials: SerialSet, section: SerialSection, writer: WireWriter): void {
  switch (section.kind) {
    case 'list':
      writer.byte(CERTIFICATE_SECTION.serialList).string(listOf(serials, section));
      return;
    case 'range':
      writer.byte(CERTIFICATE_SECTION.serialRange).string(rangeOf(serials, section));
      return;
    case 'bitmap':
      writer.byte(CERTIFICATE_SECTION.serialBitmap).string(bitmapOf(serials, section));
      return;
    default:
      section.kind satisfies never;
  }
}

function listOf(serials: SerialSet, section: SerialSection): Uint8Array {
  const all: bigint[] = [];
  for (let index = section.from; index < section.to; index++) {
    const { first, last } = serials.run(index);
    for (let serial = first; serial <= last; serial++) all.push(serial);
  }
  const bytes = new Uint8Array(8 * all.length);
  const view = new DataView(bytes.buffer);
  all.forEach((serial, index) => {
    view.setBigUint64(8 * index, serial);
  });
  return bytes;
}

function rangeOf(serials: SerialSet, { from }: SerialSection): Uint8Array {
  const { first, last } = serials.run(from);
  return new WireWriter().uint64(first).uint64(last).bytes();
}

/** Bit n of the number stands for the offset plus n. */
function bitmapOf(serials: SerialSet, { from, to }: SerialSection): Uint8Array {
  const offset = serials.run(from).first;
  const bits = Number(serials.run(to - 1).last - offset) + 1;
  const magnitude = new Uint8Array(Math.ceil(bits / 8));
  for (let index = from; index < to; index++) {
    const { first, last } = serials.run(index);
    const end = Number(last - offset);
    for (let bit = Number(first - offset); bit <= end; bit++) {
      const byte = magnitude.length - 1 - (bit >>> 3);
      magnitude[byte] = (magnitude[byte] ?? 0) | (1 << (bit & 7));
    }
  }
  return new WireWriter().uint64(offset).mpint(magnitude).bytes();
}

function writeKeyIds(keyIds: readonly string[], writer: WireWriter): void {
  if (keyIds.length === 0) return;
  const section = new WireWriter();
  // Code units are bytes here: a key id is ASCII.
  for (const keyId of [...new Set(keyIds)].sort()) {
    if (!KEY_ID.test(keyId))
      throw new SshError('bad-key-id', 'a revoked key id has 1 to 255 printable ASCII characters');
    section.string(keyId);
  }
  writer.byte(CERTIFICATE_SECTION.keyIds).string(section.bytes());
}
