/**
 * What stands beside an offline key: `<key>.serial`, the last serial that it used, and `<key>.issued`, what it signed. They belong to
 * the key: whoever moves it moves them too, and there is one copy in use.
 */
import { readFile, realpath } from 'node:fs/promises';
import { BreakGlassError } from '../authority/break-glass-error.ts';
import { parseRecords } from '../authority/break-glass-record.ts';
import type { SerialRange } from '../authority/break-glass-serials.ts';
import { serialRange } from '../authority/break-glass-serials.ts';
import { CommandError, systemCode } from '../command-error.ts';
import { appendDurably, replaceFile } from '../durable-file.ts';
import { giveUpAfter, withLock } from '../file-lock.ts';
import type { PublicKey } from '../ssh/public-key.ts';

const PRIVATE = 0o600;
/** Who holds the lock reads and writes one line: whoever can not have it for so long is told, and decides. */
const MOST_WAIT_MS = 3_000;

/**
 * The next serials of the key, which nobody else gets: they are used up, on the disk, before this resolves. A crash
 * between this and the signature leaves a gap, never a serial that is used twice.
 */
export async function takeSerials(
  keyPath: string,
  key: PublicKey,
  count: number,
): Promise<readonly bigint[]> {
  // A link would else have files of its own, and count from the beginning.
  const path = await realpath(keyPath);
  const range = serialRange(key);
  return withLock(`${path}.lock`, giveUpAfter(MOST_WAIT_MS, isHeld), async () => {
    const last = await lastSerial(path, range);
    const serials = Array.from({ length: count }, (_, index) => last + BigInt(index + 1));
    const newLast = last + BigInt(count);
    if (newLast >= range.end)
      throw new BreakGlassError(
        'no-serial-left',
        'this offline key has used all its serials: make a new key',
      );
    await replaceFile(`${path}.serial`, `${newLast}\n`, { mode: PRIVATE });
    return serials;
  });
}

/** @returns the file that holds it now. */
export async function appendRecords(keyPath: string, lines: string): Promise<string> {
  const path = `${await realpath(keyPath)}.issued`;
  const text = await readIfThere(path);
  // A line that a crash cut short must not swallow the next one.
  await appendDurably(path, text === '' || text.endsWith('\n') ? lines : `\n${lines}`, PRIVATE);
  return path;
}

/** The higher one of what the two files know: either may have been left behind when the key was copied. */
async function lastSerial(path: string, range: SerialRange): Promise<bigint> {
  const { first, end } = range;
  const text = (await readIfThere(`${path}.serial`)).trim();
  const counted = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : undefined;
  if (text !== '' && (counted === undefined || counted < first || counted >= end))
    throw new CommandError(`${path}.serial does not hold a serial of this key`, {
      hint: 'it is damaged, or of another key; put the last serial there that this key can have used',
    });
  return [counted ?? 0n, first - 1n, ...(await issuedSerials(path, range))].reduce((a, b) => (a > b ? a : b));
}

/**
 * Lines that can not be read, or are of another key, are for the import to complain of: here they would keep somebody from signing in an
 * emergency.
 */
async function issuedSerials(path: string, { first, end }: SerialRange): Promise<readonly bigint[]> {
  const lines = (await readIfThere(`${path}.issued`)).split('\n');
  const serials = lines.flatMap((line) => {
    try {
      return parseRecords(line, '').map(({ certificate }) => certificate.fields.serial);
    } catch (error) {
      if (error instanceof BreakGlassError) return [];
      throw error;
    }
  });
  return serials.filter((serial) => serial >= first && serial < end);
}

function isHeld(lock: string): CommandError {
  return new CommandError(`${lock} exists: another break-glass is signing, or one was killed`, {
    hint: `when no other one runs: rm ${lock}`,
  });
}

async function readIfThere(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  });
}
