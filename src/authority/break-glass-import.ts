/** Enters into the log what offline keys signed in an emergency, each certificate as an alarm, and shows what is missing. */
import { equalBytes } from '../fido/equal-bytes.ts';
import { encodeLeaf } from '../log/leaf.ts';
import { encodeCertificate } from '../ssh/certificate.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { LEAST_RANDOM_SERIAL } from '../ssh/serial.ts';
import type { BreakGlass } from './break-glass.ts';
import { readBreakGlass } from './break-glass.ts';
import { BreakGlassError } from './break-glass-error.ts';
import type { BreakGlassRecord } from './break-glass-record.ts';
import type { SerialGap } from './break-glass-serials.ts';
import { gapsIn, serialRange } from './break-glass-serials.ts';
import { issuedCertificate } from './issued-certificate.ts';
import type { Clock, Store, StoreReader, StoreWriter } from './ports.ts';

export interface ImportedBreakGlass extends BreakGlassRecord {
  readonly what: BreakGlass;
  /** False: it stood in the log already. */
  readonly isNew: boolean;
}

export interface OfflineKeyGap extends SerialGap {
  readonly key: PublicKey;
}

export interface ImportResult {
  readonly imported: readonly ImportedBreakGlass[];
  readonly gaps: readonly OfflineKeyGap[];
}

/** What it takes of the authority. */
interface Part {
  readonly store: Store;
  /** CA keys that are kept away from the authority: `break_glass` in usherd.yaml. */
  readonly offlineKeys: readonly PublicKey[];
}

/** All of them or none. @throws BreakGlassError that names the place of the first record which is refused. */
export async function importBreakGlass(
  authority: Part & { readonly clock: Clock },
  records: readonly BreakGlassRecord[],
): Promise<ImportResult> {
  const { store, offlineKeys, clock } = authority;
  const now = clock.now();
  return store.write(async (tx) => {
    const imported: ImportedBreakGlass[] = [];
    for (const record of records) imported.push(await importOne(tx, record, offlineKeys, now));
    return { imported, gaps: await gapsOf(tx, offlineKeys) };
  });
}

/** What offline keys used up before the highest serial of theirs in the log, and is not there. */
export async function breakGlassGaps({ store, offlineKeys }: Part): Promise<readonly OfflineKeyGap[]> {
  return store.read((tx) => gapsOf(tx, offlineKeys));
}

/** How many are in the log, those of keys that were taken out of the settings included. */
export async function countBreakGlass({ store }: Pick<Part, 'store'>): Promise<number> {
  return (await store.read((tx) => tx.serialsBetween(1n, LEAST_RANDOM_SERIAL))).length;
}

async function gapsOf(tx: StoreReader, offlineKeys: readonly PublicKey[]): Promise<readonly OfflineKeyGap[]> {
  const gaps: OfflineKeyGap[] = [];
  for (const key of offlineKeys) {
    const range = serialRange(key);
    const recorded = await tx.serialsBetween(range.first, range.end);
    gaps.push(...gapsIn(range, recorded).map((gap) => ({ key, ...gap })));
  }
  return gaps;
}

async function importOne(
  tx: StoreWriter,
  record: BreakGlassRecord,
  offlineKeys: readonly PublicKey[],
  now: number,
): Promise<ImportedBreakGlass> {
  const what = readRecorded(record, offlineKeys);
  const isNew = !(await isRecorded(tx, record));
  if (isNew) await recordOne(tx, record, what, now);
  return { ...record, what, isNew };
}

function readRecorded(
  { certificate, place }: BreakGlassRecord,
  offlineKeys: readonly PublicKey[],
): BreakGlass {
  try {
    return readBreakGlass(certificate, offlineKeys);
  } catch (cause) {
    if (!(cause instanceof BreakGlassError)) throw cause;
    throw new BreakGlassError(cause.code, `${place} is not imported: ${cause.message}`, { cause });
  }
}

/** @throws BreakGlassError `serial-used-twice`: the offline key is in use in two places, or was put back from a copy. */
async function isRecorded(tx: StoreReader, { certificate, place }: BreakGlassRecord): Promise<boolean> {
  const { serial } = certificate.fields;
  const before = await tx.findCertificate(serial);
  if (before === undefined) return false;
  if (equalBytes(before.certificate, encodeCertificate(certificate))) return true;
  throw new BreakGlassError(
    'serial-used-twice',
    `${place} is not imported: ANOTHER certificate with serial ${serial} is in the log, so the offline key signed twice with one serial; revoke by key id and look for copies of the key`,
  );
}

async function recordOne(
  tx: StoreWriter,
  { certificate, reason }: BreakGlassRecord,
  { purpose, person, id, signedAt }: BreakGlass,
  now: number,
): Promise<void> {
  const { fields } = certificate;
  const encoded = encodeCertificate(certificate);
  // It was certified, whatever the key does else: this can not be refused any more, but from now on it never touches.
  await tx.claimKey(keyIdentity(fields.subject), { role: purpose });
  // Not the time of the import, which would count against the person's certificates of this hour.
  const about = { purpose, person, requestId: id, issuedAt: signedAt };
  await tx.insertCertificate(issuedCertificate(encoded, about), []);
  const leaf = encodeLeaf({
    kind: 'break-glass',
    recordedAt: now,
    purpose,
    person,
    certificate: encoded,
    reason,
  });
  await tx.appendLeaf(leaf, fields.serial);
}
