/** Statements about a keyless sudo CA, as files: alone, or at the top of the `ca_file` of a host. */
import { text } from 'node:stream/consumers';
import { fileReason } from '../../src/file-reason.ts';
import type { SignedStatement } from '../../src/fleet/signed-statement.ts';
import { openStatement } from '../../src/fleet/signed-statement.ts';
import { statementIn } from '../../src/fleet/sudo-ca-file.ts';
import type { SudoCaStatement } from '../../src/fleet/sudo-ca-statement.ts';
import { formatStatement } from '../../src/fleet/sudo-ca-statement.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { readIfThere } from '../atomic-file.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { orRefuse } from './fleet-error.ts';

export const MAX_STATEMENT_BYTES = 262_144;

/** @param file a path, or "-" for stdin. @throws UsherCommandError `statement-refused` */
export async function readStatement({ stdin }: Surroundings, file: string): Promise<SignedStatement> {
  const content = file === '-' ? await text(stdin) : await readText(file);
  return orRefuse(() => openStatement(statementIn(content)));
}

/** One line for each thing that changes, as `diff` would say it. */
export function statementChanges(
  before: SudoCaStatement | undefined,
  after: SudoCaStatement,
): readonly string[] {
  const [old, next] = [before === undefined ? [] : linesOf(before), linesOf(after)];
  return [
    ...old.filter((line) => !next.includes(line)).map((line) => `- ${line}`),
    ...next.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ];
}

/** Whose keys it has, in what people can compare: holder with state, and fingerprint. */
export function statementKeys({ keys }: SudoCaStatement): readonly (readonly [string, string])[] {
  return keys.map(({ key, state, holder }) => [`${holder} (${state})`, fingerprint(key)]);
}

function linesOf(statement: SudoCaStatement): readonly string[] {
  return formatStatement(statement).trimEnd().split('\n');
}

async function readText(file: string): Promise<string> {
  try {
    const content = await readIfThere(file, MAX_STATEMENT_BYTES);
    if (content !== undefined) return content;
  } catch (cause) {
    if (cause instanceof RangeError)
      throw new UsherCommandError('statement-refused', cause.message, { cause });
    throw new UsherCommandError('usage', `${file} can not be read: ${fileReason(cause)}`, { cause });
  }
  throw new UsherCommandError('usage', `${file} can not be read: there is no such file`);
}
