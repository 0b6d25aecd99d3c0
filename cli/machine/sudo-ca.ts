/**
 * The CA keys for sudo. Where people's security keys sign, the authority only hands on what one of them stated: a host takes that over from a key
 * that it trusts already, and never goes back to a key that the authority holds.
 */
import { FleetError } from '../../src/fleet/error.ts';
import type { HostArchive } from '../../src/fleet/host/archive.ts';
import type { InstalledCa, SignedStatement } from '../../src/fleet/signed-statement.ts';
import { acceptStatement, openStatement } from '../../src/fleet/signed-statement.ts';
import { formatSudoCaFile, parseSudoCaFile } from '../../src/fleet/sudo-ca-file.ts';
import type { FoundFile } from './files.ts';
import { toBytes } from './files.ts';

export type SudoCa =
  /** undefined: as it is. */
  | { readonly kind: 'file'; readonly contents: Uint8Array | undefined }
  /** The file that is in place stays, and somebody has to look. */
  | { readonly kind: 'refused'; readonly reason: string };

const KEEP: SudoCa = { kind: 'file', contents: undefined };

/** @param found what is in place. @param kept the file of the bundle that was accepted last. */
export function nextSudoCa(
  { 'sudo_ca.pub': keys, sudo_statement: statement }: HostArchive,
  found: FoundFile | undefined,
  kept: Uint8Array | undefined,
): SudoCa {
  const placed = found?.kind === 'plain' ? found.contents : undefined;
  if (statement !== undefined) return byStatement(toText(statement), placed && installedCa(placed));
  if (keys === undefined) return KEEP;
  if (found === undefined || isAuthoritys(placed, [keys, kept])) return { kind: 'file', contents: keys };
  return refuse("the authority would put a key of its own in place of others, which may be people's");
}

/** Its own file has no comments; a damaged one of people's, which the authority could repeat, does. */
function isAuthoritys(placed: Uint8Array | undefined, own: readonly (Uint8Array | undefined)[]): boolean {
  if (placed === undefined || /^#/m.test(toText(placed))) return false;
  return own.some((file) => file !== undefined && Buffer.from(file).equals(placed));
}

function byStatement(text: string, installed: InstalledCa | undefined): SudoCa {
  if (installed === undefined)
    return refuse('nobody vouches for the first statement: compare its keys, then usher host trust --first');
  if (installed.text === text) return KEEP;
  try {
    const next = openStatement(text);
    return isOlder(next, installed) ? KEEP : accept(next, installed);
  } catch (error) {
    if (error instanceof FleetError) return refuse(error.message);
    throw error;
  }
}

function accept(next: SignedStatement, installed: InstalledCa): SudoCa {
  acceptStatement(next, installed);
  return { kind: 'file', contents: toBytes(formatSudoCaFile(next)) };
}

/** Somebody brought a newer one by hand: the authority will have it later. */
function isOlder({ statement }: SignedStatement, installed: InstalledCa): boolean {
  const { authority, number } = installed.statement;
  return statement.authority === authority && statement.number <= number;
}

/** @returns undefined when it does not begin with a statement: it is one of the authority's. */
function installedCa(file: Uint8Array): InstalledCa | undefined {
  try {
    return parseSudoCaFile(toText(file));
  } catch (error) {
    if (error instanceof FleetError) return undefined;
    throw error;
  }
}

function refuse(reason: string): SudoCa {
  return { kind: 'refused', reason: `the keys for sudo stay as they are: ${reason}` };
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
