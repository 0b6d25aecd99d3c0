/**
 * Which certificates sshd and pam-ussh accepted since the last report: each of them was issued, or somebody has a CA key. What is read counts as read
 * only when the report has arrived.
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Surroundings } from '../surroundings.ts';
import type { SeenCertificate, TrustedCas } from './auth-log-lines.ts';
import { seenIn } from './auth-log-lines.ts';
import { tryOnHost } from './programs.ts';
import { JOURNAL } from './settings.ts';

export interface ReadLog {
  /** Each once. */
  readonly seen: readonly SeenCertificate[];
  /** Where the next run goes on; undefined: where this one did. */
  readonly position: string | undefined;
}

interface LogText {
  /** Whole lines. */
  readonly text: string;
  readonly position: string;
}

/** What one run reads at most; the next one goes on from there. */
const MAX_BYTES = 16 * 1024 * 1024;
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
  const seen = new Map<string, SeenCertificate>();
  // sshd ends the lines of a log of its own with both.
  for (const line of found?.text.split(/\r?\n/) ?? []) {
    const certificate = seenIn(line, trusted);
    if (certificate !== undefined) seen.set(`${certificate.purpose} ${certificate.serial}`, certificate);
  }
  return { seen: [...seen.values()], position: found?.position };
}

async function readJournal(surroundings: Surroundings, position: string | undefined): Promise<LogText> {
  const cursor = JOURNAL_POSITION.exec(position ?? '')?.[1];
  const from = cursor === undefined ? '--since=-7d' : `--after-cursor=${cursor}`;
  const shape = ['--quiet', '--no-pager', '--output=short', '--show-cursor'];
  const text = await tryOnHost(surroundings, ['journalctl', ...shape, ...IDENTIFIERS, from]);
  if (text === undefined) throw new Error('journalctl says nothing');
  const next = CURSOR_LINE.exec(text)?.[1] ?? cursor;
  return { text, position: next === undefined ? '' : `journal ${next}\n` };
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
    const position = `file ${state.ino} ${start + text.length}\n`;
    return text === '' && start > 0 ? undefined : { text, position };
  } finally {
    await file.close();
  }
}

/** A character a byte, so that the length of the text is that in the file. */
async function readLines(file: FileHandle, start: number): Promise<string> {
  const buffer = Buffer.alloc(MAX_BYTES);
  const { bytesRead } = await file.read(buffer, 0, MAX_BYTES, start);
  const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
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
