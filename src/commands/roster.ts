/** `usherd roster check|diff|load`. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedRoster } from '../authority/load-roster.ts';
import { loadRoster as putRosterInForce } from '../authority/load-roster.ts';
import { CommandError } from '../command-error.ts';
import { FILES, openAuthority, readConfig } from '../compose.ts';
import { fileReason } from '../file-reason.ts';
import { rosterDiff } from '../policy/diff.ts';
import { formatRosterDiff } from '../policy/diff-text.ts';
import { formatFault } from '../policy/fault.ts';
import { parseRoster } from '../policy/parse.ts';
import type { Roster } from '../policy/roster.ts';
import { certificateCount } from './certificate-count.ts';

/** @returns one line for each fault, with its place; none for a good roster. */
export async function checkRoster(file: string): Promise<readonly string[]> {
  const result = parseRoster(await readRosterFile(file));
  if ('roster' in result) return [];
  return result.faults.map((fault) => formatFault(fault, file));
}

/** What each person gains and loses between two rosters. */
export async function diffRosters(oldFile: string, newFile: string): Promise<string> {
  return formatRosterDiff(rosterDiff(await readGoodRoster(oldFile), await readGoodRoster(newFile)));
}

/**
 * Puts a roster in force; a running usherd follows with its next request. It becomes the directory's own roster file, so
 * that no restart brings back an older one.
 */
export async function loadRoster(dir: string, file = join(dir, FILES.roster)): Promise<string> {
  const text = await readRosterFile(file);
  const { digest, changed, revoked } = await putInForce(dir, text);
  await keepAsRosterFile(dir, text);
  const state = changed ? `in force: ${digest}` : `in force already: ${digest}`;
  return revoked === 0
    ? state
    : `${state}\nrevoked what it does not grant any more: ${certificateCount(revoked)}`;
}

async function putInForce(dir: string, text: Buffer): Promise<LoadedRoster> {
  const authority = await openAuthority(await readConfig(dir));
  try {
    return await putRosterInForce(authority, text.toString());
  } finally {
    await authority.store.close();
  }
}

async function keepAsRosterFile(dir: string, text: Buffer): Promise<void> {
  const path = join(dir, FILES.roster);
  if (text.equals(await readFile(path).catch(() => Buffer.alloc(0)))) return;
  const draft = `${path}.new`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  await rename(draft, path);
}

async function readGoodRoster(file: string): Promise<Roster> {
  const result = parseRoster(await readRosterFile(file));
  if ('roster' in result) return result.roster;
  throw new CommandError(`${file} has faults`, { hint: `usherd roster check ${file}` });
}

async function readRosterFile(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    const hint = 'name the roster file itself, like ca/roster.yaml';
    throw new CommandError(`${file} can not be read: ${fileReason(cause)}`, { cause, hint });
  });
}
