/**
 * The form that all texts between authority and host have: lines of ASCII "name value", the first one saying what it is, so that a
 * shell script reads them with sed and writes them with printf. Each has one spelling: whoever reads one writes it anew and
 * compares, so that nothing can be hidden in another order, in blanks or in zeros.
 */
import { isHostName } from '../../policy/names.ts';
import { isAuthorityOrigin } from '../../ssh/origin.ts';
import type { PublicKey } from '../../ssh/public-key.ts';
import { fingerprint, isSecurityKey, parsePublicKeyLine } from '../../ssh/public-key.ts';
import { FleetError } from '../error.ts';

export type Line = readonly [name: string, value: string];

/** The last second of the year 9999: later times are milliseconds by mistake. */
const LATEST = 253_402_300_799;
const WHOLE = /^(0|[1-9][0-9]{0,15})$/;
const SERIAL = /^(0|[1-9][0-9]{0,19})$/;
const HASH = /^[0-9a-f]{64}$/;
const TEXT = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
export const MAX_TEXT_CHARACTERS = 200;

export function formatDocument(first: string, lines: readonly Line[]): string {
  return [first, ...lines.map(([name, value]) => `${name} ${value}`), ''].join('\n');
}

/** The values of a document by name, not checked yet. */
export class DocumentFields {
  readonly #lines: readonly Line[];

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  one(name: string): string {
    const [value, ...others] = this.all(name);
    if (value === undefined || others.length > 0) throw badDocument(`it has not one line "${name}"`);
    return value;
  }

  all(name: string): readonly string[] {
    return this.#lines.filter(([known]) => known === name).map(([, value]) => value);
  }
}

/** @param most characters. @throws FleetError `bad-document` */
export function readDocument(text: string, first: string, most: number): DocumentFields {
  if (text.length > most) throw badDocument(`it has more than ${most} characters`);
  const [heading, ...lines] = text.split('\n');
  if (heading !== first) throw badDocument(`its first line is not "${first}"`);
  return new DocumentFields(lines.map(splitLine));
}

function splitLine(line: string): Line {
  const blank = line.indexOf(' ');
  return blank === -1 ? [line, ''] : [line.slice(0, blank), line.slice(blank + 1)];
}

/** The end of each reading. @throws FleetError `bad-document` */
export function assertOneSpelling(text: string, written: string): void {
  if (text !== written) throw badDocument('it is not written as usher writes it');
}

export function checkAuthority(text: string): string {
  if (!isAuthorityOrigin(text)) throw badDocument('its authority is no origin');
  return text;
}

export function checkHost(text: string): string {
  if (!isHostName(text)) throw badDocument('its host is no name of one');
  return text;
}

/** SHA-256 in hex. */
export function checkHash(text: string): string {
  if (!HASH.test(text)) throw badDocument('a hash is 64 characters of 0-9 a-f');
  return text;
}

/** What a program said of itself. */
export function checkText(text: string): string {
  if (text.length > MAX_TEXT_CHARACTERS || !TEXT.test(text))
    throw badDocument(`a text is 1 to ${MAX_TEXT_CHARACTERS} printable characters of ASCII`);
  return text;
}

export function checkTime(seconds: number): number {
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > LATEST)
    throw badDocument('a time is in whole seconds');
  return seconds;
}

export function checkCount(items: readonly unknown[], what: string, least: number, most: number): void {
  if (items.length < least || items.length > most)
    throw badDocument(`it has ${least} to ${most} lines "${what}", not ${items.length}`);
}

export function parseWhole(text: string): number {
  if (!WHOLE.test(text)) throw badDocument('a number is written in decimal, without more');
  return Number(text);
}

export function parseSerial(text: string): bigint {
  const serial = SERIAL.test(text) ? BigInt(text) : undefined;
  if (serial === undefined || serial > 0xffff_ffff_ffff_ffffn)
    throw badDocument('a serial is a number from 0 to 2^64 - 1');
  return serial;
}

/** A key of a host: one that costs a touch would be a person's. */
export function parseKey(line: string): PublicKey {
  const key = readKeyLine(line);
  if (isSecurityKey(key)) throw badDocument(`${fingerprint(key)} is a security key`);
  return key;
}

function readKeyLine(line: string): PublicKey {
  try {
    return parsePublicKeyLine(line).key;
  } catch (cause) {
    throw new FleetError('bad-document', 'a key of the document can not be read, or is too weak', { cause });
  }
}

export function badDocument(reason: string): FleetError {
  return new FleetError('bad-document', `the document is refused: ${reason}`);
}
