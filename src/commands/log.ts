/** `usherd log import|gaps`: what offline keys signed in an emergency, entered into the log, and what of it is missing. */
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { pino } from 'pino';
import type { Authority } from '../authority/authority.ts';
import type { ImportedBreakGlass, ImportResult, OfflineKeyGap } from '../authority/break-glass-import.ts';
import { breakGlassGaps, importBreakGlass } from '../authority/break-glass-import.ts';
import { parseRecords } from '../authority/break-glass-record.ts';
import { CommandError } from '../command-error.ts';
import { openAuthority, readConfig } from '../compose.ts';
import { fileReason } from '../file-reason.ts';
import { fingerprint } from '../ssh/public-key.ts';
import { isoTime } from './credential-view.ts';

/** The lines for people, in order. What is an alarm also stands in `logger`, at level "warn". */
export async function importRecords(
  dir: string,
  files: readonly string[],
  logger: Logger = pino(pino.destination({ sync: true })),
): Promise<readonly string[]> {
  const records = (await Promise.all(files.map(readRecords))).flat();
  const result = await withAuthority(dir, (authority) => importBreakGlass(authority, records));
  warn(logger, result);
  return [...result.imported.map(importedLine), ...result.gaps.map(gapLine)];
}

/** One line for each gap. */
export async function listGaps(dir: string): Promise<readonly string[]> {
  return (await withAuthority(dir, breakGlassGaps)).map(gapLine);
}

async function withAuthority<T>(dir: string, work: (authority: Authority) => Promise<T>): Promise<T> {
  const authority = await openAuthority(await readConfig(dir));
  try {
    return await work(authority);
  } finally {
    await authority.store.close();
  }
}

async function readRecords(file: string): Promise<ReturnType<typeof parseRecords>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const hint = 'name what break-glass wrote beside the offline key: KEY.issued';
    throw new CommandError(`${file} can not be read: ${fileReason(cause)}`, { cause, hint });
  });
  return parseRecords(text, file);
}

function warn(logger: Logger, { imported, gaps }: ImportResult): void {
  for (const { what, certificate, reason, isNew } of imported) {
    const { serial, keyId, validBefore } = certificate.fields;
    const about = { ...what, serial: String(serial), keyId, validBefore: Number(validBefore), reason };
    if (isNew) logger.warn(about, 'break-glass certificate');
  }
  for (const { key, first, last } of gaps)
    logger.warn(
      { key: fingerprint(key), first: String(first), last: String(last) },
      'break-glass serials are missing',
    );
}

function importedLine({ what, certificate, reason, isNew, place }: ImportedBreakGlass): string {
  const { serial, keyId, principals, validBefore } = certificate.fields;
  if (!isNew) return `in the log already: serial ${serial} (${place})`;
  const times = `signed ${isoTime(what.signedAt)}, until ${isoTime(Number(validBefore))}`;
  return `ALARM: break-glass certificate for ${what.purpose}: ${keyId}, serial ${serial}, ${principals.join(',')}, ${times}, reason: ${reason}`;
}

function gapLine({ key, first, last }: OfflineKeyGap): string {
  const which = first === last ? `serial ${first}` : `serials ${first} to ${last}`;
  return `MISSING: ${which} of offline key ${fingerprint(key)}: signed and not imported, or interrupted`;
}
