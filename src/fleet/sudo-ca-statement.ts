/**
 * What a keyless sudo CA says of itself: which security keys may sign sudo certificates, and which principals sudo takes. Hosts
 * change either only on such a statement, signed by a key that they trust already, so that nobody who holds all of the authority can make them
 * trust another one. Lines of ASCII, so that a shell script can read it; the format is described in docs/sudo.md.
 */

import { keyIdentity } from '../ssh/key-identity.ts';
import { isAuthorityOrigin } from '../ssh/origin.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { fingerprint, formatPublicKeyLine, isSecurityKey, parsePublicKeyLine } from '../ssh/public-key.ts';
import type { CaKeyState } from './ca-file.ts';
import { FleetError } from './error.ts';

export interface SudoCaStatement {
  /** Origin of the authority whose certificates these keys complete. */
  readonly authority: string;
  /** Greater in every statement than in the one before. */
  readonly number: number;
  /** Unix seconds. */
  readonly madeAt: number;
  /** Whether plain `sudoer` opens every host, beside `sudoer@<host>`. */
  readonly everywhere: boolean;
  readonly keys: readonly StatedKey[];
}

export interface StatedKey {
  readonly key: PublicKey;
  readonly state: CaKeyState;
  /** Whose key it is, for people who read the statement. */
  readonly holder: string;
}

const FIRST_LINE = 'usher sudo CA statement v1';
const PRINCIPALS = { everywhere: 'sudoer,sudoer@HOST', byName: 'sudoer@HOST' } as const;
const STATES: readonly CaKeyState[] = ['coming', 'active', 'retired', 'offline'];
const HOLDER = /^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$/;
const MAX_KEYS = 32;
const MAX_CHARACTERS = 32_768;
const LATEST = 253_402_300_799;

/** The text that is signed. @throws FleetError `bad-statement` for anything that `parseStatement` would refuse. */
export function formatStatement(statement: SudoCaStatement): string {
  checkStatement(statement);
  const { authority, number, madeAt, everywhere, keys } = statement;
  const lines = [
    FIRST_LINE,
    `authority ${authority}`,
    'purpose sudo',
    `number ${number}`,
    `made-at ${madeAt}`,
    `principals ${everywhere ? PRINCIPALS.everywhere : PRINCIPALS.byName}`,
    ...keys.map(({ key, state, holder }) => `key ${state} ${formatPublicKeyLine(key, holder)}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** @throws FleetError `bad-statement` for anything that `formatStatement` would not have written. */
export function parseStatement(text: string): SudoCaStatement {
  if (text.length > MAX_CHARACTERS) throw bad(`it has more than ${MAX_CHARACTERS} characters`);
  const [first, authority, purpose, number, madeAt, principals, ...rest] = text.split('\n');
  if (first !== FIRST_LINE) throw bad(`its first line is not "${FIRST_LINE}"`);
  if (purpose !== 'purpose sudo') throw bad('it is for another purpose than sudo');
  const statement: SudoCaStatement = {
    authority: fieldOf('authority', authority),
    number: parseNumber('number', number),
    madeAt: parseNumber('made-at', madeAt),
    everywhere: fieldOf('principals', principals) === PRINCIPALS.everywhere,
    keys: rest.slice(0, -1).map(parseKey),
  };
  // One statement has one text: nothing can be hidden in another spelling.
  if (formatStatement(statement) !== text) throw bad('it is not written as usher writes it');
  return statement;
}

function checkStatement({ authority, number, madeAt, keys }: SudoCaStatement): void {
  if (!isAuthorityOrigin(authority)) throw bad('its authority is no origin');
  if (!Number.isSafeInteger(number) || number < 1) throw bad('its number is no whole number from 1 on');
  if (!Number.isSafeInteger(madeAt) || madeAt < 0 || madeAt > LATEST) throw bad('its time is none');
  if (keys.length > MAX_KEYS) throw bad(`it has more than ${MAX_KEYS} keys`);
  // Without one nobody could sudo, and nobody could ever say otherwise.
  if (!keys.some(({ state }) => state === 'active')) throw bad('it has no active key');
  for (const key of keys) checkKey(key);
  if (new Set(keys.map(({ key }) => keyIdentity(key))).size !== keys.length)
    throw bad('it names a key twice');
}

function checkKey({ key, state, holder }: StatedKey): void {
  if (!HOLDER.test(holder)) throw bad(`"${holder}" is no name of a person`);
  if (state === 'offline') return;
  // A key in a file could be the authority's: the certificates would no longer need a touch.
  if (!isSecurityKey(key)) throw bad(`${fingerprint(key)} is no security key`);
  // Browsers can use every other application: a page could have certificates signed.
  if (!key.application.startsWith('ssh:'))
    throw bad(`the application of ${fingerprint(key)} does not begin with "ssh:"`);
}

function fieldOf(name: string, line: string | undefined): string {
  if (line === undefined || !line.startsWith(`${name} `)) throw bad(`its line "${name}" is missing`);
  return line.slice(name.length + 1);
}

function parseNumber(name: string, line: string | undefined): number {
  const text = fieldOf(name, line);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) throw bad(`its ${name} is no whole number`);
  return Number(text);
}

function parseKey(line: string): StatedKey {
  const [word, stateName, ...keyLine] = line.split(' ');
  const state = STATES.find((known) => known === stateName);
  if (word !== 'key' || state === undefined) throw bad('a line is no key with its state');
  try {
    const { key, comment } = parsePublicKeyLine(keyLine.join(' '));
    return { key, state, holder: comment };
  } catch (cause) {
    throw new FleetError('bad-statement', 'a key of the statement can not be read', { cause });
  }
}

function bad(reason: string): FleetError {
  return new FleetError('bad-statement', `this is no statement about a sudo CA: ${reason}`);
}
