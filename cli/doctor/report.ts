/** How checks are shown, in all of the doctor's commands. */
import { printable } from '../../src/ssh/printable.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { writeData, writeJson } from '../terminal.ts';
import type { Check } from './check.ts';

/** @param more what else a program is told. @throws UsherCommandError `refused` when a check failed. */
export function report(
  surroundings: Surroundings,
  checks: readonly Check[],
  { json, ...more }: { readonly json: boolean | undefined; readonly [name: string]: unknown },
): void {
  const verdict = checks.some((check) => check.verdict === 'fail') ? 'fail' : 'ok';
  if (json === true) writeJson(surroundings, { verdict, ...more, checks });
  else for (const check of checks) writeCheck(surroundings, check);
  const failed = checks.filter((check) => check.verdict === 'fail').length;
  if (failed > 0) throw new UsherCommandError('refused', `${failed} of ${checks.length} checks failed`);
}

function writeCheck(surroundings: Surroundings, { id, verdict, message, hint }: Check): void {
  writeData(surroundings, `${verdict.padEnd(4)}  ${id}: ${printable(message)}`);
  if (hint !== undefined) writeData(surroundings, `      ${printable(hint)}`);
}
