/**
 * How the command speaks. stdout is data. Everything else goes to stderr, begins with "usher:", in small letters and without a
 * full stop; what is only there while one waits is erased.
 */
import type { Interface } from 'node:readline';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { printable } from '../src/ssh/printable.ts';
import { UsherCommandError } from './error.ts';
import type { Surroundings } from './surroundings.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const ERASE_LINE = '\r\u001b[K';
const FRAME_MILLISECONDS = 100;

type Speaker = Pick<Surroundings, 'stdin' | 'stdout' | 'stderr'>;

export function writeData({ stdout }: Speaker, text: string): void {
  stdout.write(`${text}\n`);
}

/** One JSON document, for programs; `bigint`s become strings, since JSON numbers lose digits beyond 2^53. */
export function writeJson(speaker: Speaker, value: unknown): void {
  const text = JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? String(part) : part), 2);
  writeData(speaker, text.replaceAll(/(?!\n)[\p{C}\u2028\u2029]/gu, escaped));
}

/** Programs read the same from it, and a terminal does nothing: JSON itself escapes but the first 32 characters. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** Whatever comes in it from an authority or an agent: it is one line, and moves nothing. */
export function say({ stderr }: Speaker, text: string): void {
  stderr.write(`usher: ${printable(text, 4000)}\n`);
}

/** Lines that belong to what was said before, set in. */
export function detail({ stderr }: Speaker, lines: readonly (readonly [string, string])[]): void {
  const width = Math.max(...lines.map(([name]) => name.length));
  for (const [name, text] of lines) stderr.write(`  ${name.padEnd(width)}  ${printable(text, 4000)}\n`);
}

export function warn({ stderr }: Speaker, text: string): void {
  stderr.write(`usher: warning: ${printable(text)}\n`);
}

/** Says what ended the command, nothing when the exit code is to be the only answer. The cause of an unforeseen error is not hidden: somebody has to report it. */
export function sayError({ stderr }: Speaker, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (message === '') return;
  stderr.write(`usher: error: ${printable(message)}\n`);
  if (error instanceof UsherCommandError && error.hint !== undefined)
    stderr.write(`usher: hint: ${printable(error.hint)}\n`);
}

/** Shows that something is waited for, on a terminal only, and erases it. */
export async function whileWaiting<T>({ stderr }: Speaker, text: string, work: Promise<T>): Promise<T> {
  if (stderr.isTTY !== true) return work;
  let frame = 0;
  const draw = () => stderr.write(`${ERASE_LINE}${FRAMES[frame++ % FRAMES.length]} ${text}`);
  draw();
  const timer = setInterval(draw, FRAME_MILLISECONDS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    stderr.write(ERASE_LINE);
  }
}

/** Asks for a line that everybody may see. @throws when nobody can answer. */
export async function askLine(speaker: Speaker, question: string): Promise<string> {
  const { stdin, stderr } = speaker;
  if (stdin.isTTY !== true)
    throw new UsherCommandError('usage', `${question} is needed, and there is no terminal to ask at`);
  stderr.write(`${question}: `);
  const lines = createInterface({ input: stdin, terminal: false });
  try {
    return await firstLine(lines);
  } finally {
    lines.close();
  }
}

/** Asks for a PIN or passphrase: nothing typed is shown, and the question is erased. @throws when nobody can answer. */
export async function askSecret(speaker: Speaker, question: string): Promise<string> {
  const { stdin, stderr } = speaker;
  if (stdin.isTTY !== true)
    throw new UsherCommandError('usage', `${question} is needed, and there is no terminal to ask at`);
  stderr.write(`${question}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal: true });
  try {
    return await firstLine(lines);
  } finally {
    lines.close();
    stderr.write(ERASE_LINE);
  }
}

function firstLine(lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.once('line', resolve);
    lines.once('close', () => reject(new UsherCommandError('interrupted', 'interrupted')));
  });
}
