/**
 * Signed notes (c2sp.org/signed-note): a text, a blank line, one or more signature lines. Only the Ed25519 signature of
 * the one key that the caller trusts counts; the lines of others (witnesses, other algorithms) are ignored, as the
 * specification asks, but must be well formed.
 */
import { base64, hex } from '@scure/base';
import { LogError } from './error.ts';
import type { NoteSigner, VerifierKey } from './note-key.ts';
import { decodeStrictBase64, isName, keyId, verifyEd25519 } from './note-key.ts';

/** Sixteen signatures must be accepted, and those of post-quantum keys have nearly 5 kB. */
export const MAX_NOTE_BYTES = 131_072;
const MAX_SIGNATURES = 64;
const KEY_ID_BYTES = 4;
const LINE_START = '— ';

interface SignatureLine {
  readonly name: string;
  /** In hex. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

const encoder = new TextEncoder();

/**
 * The note with one signature line. `text` ends in a newline.
 * @throws LogError `bad-signature` when the signer returns what its own public key does not verify.
 */
export function signNote(text: string, signer: NoteSigner): string {
  assertText(text);
  const message = encoder.encode(text);
  const signature = signer.sign(message);
  // A signer with another key would make every checkpoint worthless, and be noticed only by those who check.
  if (!verifyEd25519(signer, message, signature))
    throw new LogError('bad-signature', `the signer of ${signer.name} does not sign with its own key`);
  return `${text}\n${LINE_START}${signer.name} ${base64.encode(Uint8Array.of(...keyId(signer), ...signature))}\n`;
}

/**
 * The text of a note that `key` has signed, final newline included.
 * @throws LogError `bad-note` (malformed), `unknown-signer` (not signed by the key), `bad-signature`.
 */
export function openNote(note: string, key: VerifierKey): string {
  const { text, lines } = splitNote(note);
  const id = hex.encode(keyId(key));
  const own = lines.map(parseSignatureLine).filter((line) => line.name === key.name && line.keyId === id);
  const [line] = own;
  if (line === undefined) throw new LogError('unknown-signer', `the note is not signed by ${key.name}`);
  if (own.length > 1) throw new LogError('bad-note', `the note is signed twice by ${key.name}`);
  if (!verifyEd25519(key, encoder.encode(text), line.signature))
    throw new LogError('bad-signature', `the signature of ${key.name} is not good`);
  return text;
}

/** The text ends before the last blank line; it may hold blank lines itself. */
function splitNote(note: string): { readonly text: string; readonly lines: readonly string[] } {
  // In UTF-16 units first: what has more of them has more bytes too, and needs no encoding to be refused.
  if (note.length > MAX_NOTE_BYTES || encoder.encode(note).length > MAX_NOTE_BYTES)
    throw new LogError('bad-note', `a note has at most ${MAX_NOTE_BYTES} bytes`);
  if (!note.endsWith('\n'))
    throw new LogError(
      'bad-note',
      'a note is a text, a blank line, and signature lines, each ending in a newline',
    );
  const split = note.lastIndexOf('\n\n');
  // Without a blank line the text is empty, which it must not be.
  const text = note.slice(0, split + 1);
  assertText(text);
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES)
    throw new LogError('bad-note', `a note has at most ${MAX_SIGNATURES} signatures`);
  return { text, lines };
}

function assertText(text: string): void {
  if (!text.endsWith('\n')) throw new LogError('bad-note', 'the text of a note ends in a newline');
  if (!text.isWellFormed() || /[^\P{Cc}\n]/u.test(text))
    throw new LogError('bad-note', 'the text of a note holds control characters or half characters');
}

function parseSignatureLine(line: string): SignatureLine {
  const [name = '', encoded = '', ...rest] = line.startsWith(LINE_START) ? line.slice(2).split(' ') : [];
  const bytes = decodeStrictBase64(encoded);
  if (!isName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES || rest.length > 0)
    throw new LogError('bad-note', 'a signature line is an em dash, a name and the signature in base64');
  return { name, keyId: hex.encode(bytes.slice(0, KEY_ID_BYTES)), signature: bytes.slice(KEY_ID_BYTES) };
}
