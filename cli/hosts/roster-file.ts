/** A roster as its keeper has it, in a file: for what is made from it without the authority. */
import { readFile } from 'node:fs/promises';
import { fileReason } from '../../src/file-reason.ts';
import type { Roster } from '../../src/policy/roster.ts';
import { UsherCommandError } from '../error.ts';

/** @throws UsherCommandError `bad-roster` */
export async function readRoster(file: string): Promise<Roster> {
  const bytes = await readBytes(file);
  // Its parsers take a while to load, and only this needs them.
  const { parseRoster } = await import('../../src/policy/parse.ts');
  const { roster, faults } = parseRoster(bytes);
  if (roster !== undefined) return roster;
  const [first] = faults;
  const place = first === undefined ? '' : `:${first.line}:${first.column}: ${first.message}`;
  throw new UsherCommandError('bad-roster', `${file}${place}`, {
    hint: `see all of it: usherd roster check ${file}`,
  });
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new UsherCommandError('bad-roster', `${file} can not be read: ${fileReason(cause)}`, { cause });
  }
}
