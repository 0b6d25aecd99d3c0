/**
 * The CA keys for sudo. Where people's security keys sign, the authority only hands on what one of them stated: a host takes that over from a key
 * that it trusts already, and never goes back to a key that the authority holds.
 */
import { FleetError } from '../../src/fleet/error.ts';
import type { HostArchive } from '../../src/fleet/host/archive.ts';
import type { InstalledCa, SignedStatement } from '../../src/fleet/signed-statement.ts';
import { acceptStatement, openStatement } from '../../src/fleet/signed-statement.ts';
import { formatSudoCaFile, parseSudoCaFile } from '../../src/fleet/sudo-ca-file.ts';
import { toBytes } from './files.ts';

export type SudoCa =
  /** undefined: as it is. */
  | { readonly kind: 'file'; readonly contents: Uint8Array | undefined }
  /** The file that is in place stays, and somebody has to look. */
  | { readonly kind: 'refused'; readonly reason: string };

const KEEP: SudoCa = { kind: 'file', contents: undefined };

/** @param placed the file that is in place. */
export function nextSudoCa(
  { 'sudo_ca.pub': keys, sudo_statement: statement }: HostArchive,
  placed: Uint8Array | undefined,
): SudoCa {
  const installed = placed === undefined ? undefined : installedCa(placed);
  if (statement !== undefined) return byStatement(toText(statement), installed);
  if (keys === undefined) return KEEP;
  if (installed === undefined) return { kind: 'file', contents: keys };
  return refuse("the authority would put a key of its own in place of people's");
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
