/**
 * Which certificates sshd and pam-ussh accepted since the last report: each of them was issued, or somebody has a CA key. What is read counts as read
 * only when the report has arrived.
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { REPORT_LIMITS } from '../../src/fleet/host/report-document.ts';
import type { Surroundings } from '../surroundings.ts';
import type { SeenCertificate, TrustedCas } from './auth-log-lines.ts';
import { isCutOff, seenIn } from './auth-log-lines.ts';
import { tryOnHost } from './programs.ts';
import { JOURNAL } from './settings.ts';

export interface ReadLog {
  /** Each once. */
  readonly seen: readonly SeenCertificate[];
  /** Whether sshd accepted one of which it does not say which. */
  readonly isAnyCutOff: boolean;
  /** Where the next run goes on; undefined: where this one did. */
  readonly position: string | undefined;
  /** Whether there was more than one run reads. */
  readonly isMoreLeft: boolean;
}

interface LogText {
  /** Whole lines. */
  readonly text: string;
  /** Where the next run goes on when this one read so many characters of it. */
  readonly positionAt: (length: number) => string;
  readonly isMoreLeft: boolean;
}

type ReadLines = Pick<ReadLog, 'seen' | 'isAnyCutOff'> & { readonly length: number };

/** What one run reads at most; the next one goes on from there. */
const MAX_BYTES = 16 * 1024 * 1024;
/** journalctl names only the place behind its last line, so it is asked for a few at a time; fewer than a report holds, so that each run gets on. */
const JOURNAL_LINES = REPORT_LIMITS.seen / 2;
const MAX_JOURNAL_PARTS = 40;
const FILE_POSITION = /^file ([1-9][0-9]{0,19}) (0|[1-9][0-9]{0,15})\n$/;
const JOURNAL_POSITION = /^journal ([\x21-\x7e]{1,500})\n$/;
const CURSOR_LINE = /^-- cursor: ([\x21-\x7e]{1,500})$/m;
const IDENTIFIERS = ['sshd', 'sshd-session', 'pam-ussh'].flatMap((name) => ['-t', name]);

/**
 * @param position of the run before; undefined: from the beginning of what is there.
 * @throws Error when the log can not be read.
 */
export async function readAuthLog(
  surroundings: Surroundings,
  authLog: string,
  position: string | undefined,
  trusted: TrustedCas,
): Promise<ReadLog> {
  const found =
    authLog === JOURNAL ? await readJournal(surroundings, position) : await readFiles(authLog, position);
  if (found === undefined) return { seen: [], isAnyCutOff: false, position: undefined, isMoreLeft: false };
  const { seen, isAnyCutOff, length } = readUntilFull(found.text, trusted);
  const isMoreLeft = found.isMoreLeft || length < found.text.length;
  return { seen, isAnyCutOff, position: found.positionAt(length), isMoreLeft };
}

/** As much as one report holds: whoever fills the log with lines like those of sshd must not stop what comes behind them. */
function readUntilFull(text: string, trusted: TrustedCas): ReadLines {
  const seen = new Map<string, SeenCertificate>();
  let isAnyCutOff = false;
  let at = 0;
  while (at < text.length && seen.size < REPORT_LIMITS.seen) {
    const end = text.indexOf('\n', at);
    // sshd ends the lines of a log of its own with both.
    const line = text.slice(at, end < 0 ? undefined : end).replace(/\r$/, '');
    const certificate = seenIn(line, trusted);
    if (certificate !== undefined) seen.set(`${certificate.purpose} ${certificate.serial}`, certificate);
    isAnyCutOff ||= isCutOff(line);
    at = end < 0 ? text.length : end + 1;
  }
  return { seen: [...seen.values()], isAnyCutOff, length: at };
}

async function readJournal(surroundings: Surroundings, position: string | undefined): Promise<LogText> {
  const places = [{ end: 0, cursor: JOURNAL_POSITION.exec(position ?? '')?.[1] }];
  let text = '';
  let isMoreLeft = true;
  for (let parts = 0; isMoreLeft && parts < MAX_JOURNAL_PARTS; parts++) {
    const before = places.at(-1)?.cursor;
    const part = await readJournalAfter(surroundings, before);
    text += part;
    places.push({ end: text.length, cursor: CURSOR_LINE.exec(part)?.[1] ?? before });
    isMoreLeft = part.split('\n').length > JOURNAL_LINES;
  }
  const positionAt = (length: number) => {
    const cursor = places.findLast(({ end }) => end <= length)?.cursor;
    return cursor === undefined ? '' : `journal ${cursor}\n`;
  };
  return { text, positionAt, isMoreLeft };
}

async function readJournalAfter(surroundings: Surroundings, cursor: string | undefined): Promise<string> {
  const from = cursor === undefined ? '--since=-7d' : `--after-cursor=${cursor}`;
  const shape = ['--quiet', '--no-pager', '--output=short', '--show-cursor', '-n', `${JOURNAL_LINES}`];
  // Everybody may log under every name, but nobody else as root.
  const text = await tryOnHost(surroundings, ['journalctl', ...shape, ...IDENTIFIERS, from, '_UID=0']);
  if (text === undefined) throw new Error('journalctl says nothing');
  return text;
}

async function readFiles(path: string, position: string | undefined): Promise<LogText | undefined> {
  const [, inode, offset = '0'] = FILE_POSITION.exec(position ?? '') ?? [];
  const current = await stat(path, { bigint: true });
  if (inode === undefined || inode === String(current.ino)) {
    // One that was cut short begins anew.
    const start = BigInt(offset) > current.size ? 0 : Number(offset);
    return readFrom(path, start);
  }
  const rotated = await findByInode(path, inode);
  const rest = rotated === undefined ? undefined : await readFrom(rotated, Number(offset));
  // The new one comes when the old one is read to its end.
  return rest ?? readFrom(path, 0);
}

/** @returns undefined when nothing more is there. */
async function readFrom(path: string, start: number): Promise<LogText | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const state = await file.stat({ bigint: true });
    if (!state.isFile()) throw new Error('it is no plain file');
    const text = await readLines(file, start);
    if (text === '' && start > 0) return undefined;
    const positionAt = (length: number) => `file ${state.ino} ${start + length}\n`;
    return { text, positionAt, isMoreLeft: Number(state.size) - start > MAX_BYTES };
  } finally {
    await file.close();
  }
}

/** A character a byte, so that the length of the text is that in the file. */
async function readLines(file: FileHandle, start: number): Promise<string> {
  const buffer = Buffer.alloc(MAX_BYTES);
  const { bytesRead } = await file.read(buffer, 0, MAX_BYTES, start);
  const isFull = bytesRead === MAX_BYTES;
  // A line that has no end is none.
  const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1 || (isFull ? MAX_BYTES : 0);
  return buffer.subarray(0, end).toString('latin1');
}

/** Whoever rotates logs gives the old one another name in the same directory. */
async function findByInode(path: string, inode: string): Promise<string | undefined> {
  const directory = dirname(path);
  for (const name of (await readdir(directory)).filter((each) => each.startsWith(basename(path)))) {
    const state = await stat(join(directory, name), { bigint: true });
    if (String(state.ino) === inode) return join(directory, name);
  }
  return undefined;
}
