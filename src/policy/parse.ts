import { sha256 } from '@noble/hashes/sha2.js';
import type { PublicKey } from '../ssh/public-key.ts';
import { buildRoster } from './build.ts';
import { checkKeys } from './check-keys.ts';
import { checkNames } from './check-names.ts';
import { checkStructure, isRosterFile } from './check-structure.ts';
import type { SudoSigner } from './check-sudo.ts';
import { checkSudo } from './check-sudo.ts';
import { checkValues } from './check-values.ts';
import type { Fault } from './fault.ts';
import type { Roster } from './roster.ts';
import { parseYaml } from './yaml.ts';

export type ParsedRoster =
  | { readonly roster: Roster; readonly faults?: never }
  | { readonly faults: readonly Fault[]; readonly roster?: never };

export interface RosterContext {
  /** The authority's own CA keys, of every purpose and state: a roster that gives one of them another role is refused. */
  readonly authorityKeys?: readonly PublicKey[];
  /** Who signs for sudo, as the authority is set up; absent: the file is checked without one. */
  readonly sudoSigner?: SudoSigner;
}

/**
 * Reads a roster file, YAML 1.2 or JSON, whole or not at all.
 * @param source the file's bytes, or its text
 * @returns the roster, or every fault of the file in its order
 */
export function parseRoster(source: string | Uint8Array, context: RosterContext = {}): ParsedRoster {
  const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source;
  const text = decodeUtf8(bytes);
  if (text === undefined)
    return { faults: [{ code: 'not-utf8', line: 1, column: 1, path: '', message: 'the file is not UTF-8' }] };
  const file = parseYaml(text);
  if (file.value === undefined) return { faults: file.faults };
  const faults = [
    ...file.faults,
    ...checkStructure(file),
    ...checkNames(file),
    ...checkValues(file),
    ...checkKeys(file, context.authorityKeys ?? []),
    ...checkSudo(file, context.sudoSigner),
  ];
  if (faults.length === 0 && isRosterFile(file.value))
    return { roster: buildRoster(file.value, sha256(bytes)) };
  return { faults: faults.toSorted((a, b) => a.line - b.line || a.column - b.column) };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
