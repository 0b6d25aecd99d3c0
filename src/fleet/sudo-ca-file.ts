/**
 * The `ca_file` of a keyless sudo CA: the signed statement as comments, then the keys. One file, so that one rename replaces both, and a host
 * never has the keys of one statement and the number of another.
 */
import type { PublicKey } from '../ssh/public-key.ts';
import { formatPublicKeyLine, parsePublicKeyLine } from '../ssh/public-key.ts';
import type { InstalledCa, SignedStatement } from './signed-statement.ts';
import { openStatement } from './signed-statement.ts';

const COMMENT = '# ';
const LAST_COMMENT = '# -----END SSH SIGNATURE-----';

/** pam-ussh passes over comments that stand before keys, and complains of those after the last one. */
export function formatSudoCaFile({ text, statement }: SignedStatement): string {
  const comments = text.trimEnd().split('\n');
  return [
    ...comments.map((line) => `${COMMENT}${line}`),
    ...statement.keys.map(({ key, holder }) => formatPublicKeyLine(key, holder)),
    '',
  ].join('\n');
}

/**
 * What a host has taken over.
 * @throws FleetError when the file does not begin with a signed statement: it is not one of a keyless CA.
 */
export function parseSudoCaFile(file: string): InstalledCa {
  return { ...openStatement(statementIn(file)), keys: file.split('\n').flatMap(keyOf) };
}

/** The signed statement at the top of such a file; any other text as it is. */
export function statementIn(file: string): string {
  if (!file.startsWith(COMMENT)) return file;
  const lines = file.split('\n');
  const comments = lines.slice(0, lines.indexOf(LAST_COMMENT) + 1);
  return comments.map((line) => `${line.slice(COMMENT.length)}\n`).join('');
}

/** What pam-ussh can not read either is no key that the host trusts. */
function keyOf(line: string): readonly PublicKey[] {
  try {
    return [parsePublicKeyLine(line).key];
  } catch {
    return [];
  }
}
