/**
 * Checkpoints (c2sp.org/tlog-checkpoint): a signed note of three lines, the log's name, the size of the tree in decimal
 * and its root in base64. Extension lines are refused: our log writes none, and nobody could audit them.
 */
import { base64 } from '@scure/base';
import { LogError } from './error.ts';
import { HASH_BYTES } from './merkle.ts';
import { openNote, signNote } from './note.ts';
import type { NoteSigner, VerifierKey } from './note-key.ts';
import { decodeStrictBase64, isName } from './note-key.ts';

export interface Checkpoint {
  /** The log's name, the same as that of the key that signs: see `logName`. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The signed note over a tree; its origin is the signer's name. */
export function signCheckpoint(tree: Omit<Checkpoint, 'origin'>, signer: NoteSigner): string {
  return signNote(formatCheckpoint({ ...tree, origin: signer.name }), signer);
}

/**
 * The checkpoint in a signed note, after its signature was verified.
 * @throws LogError `bad-note`, `unknown-signer`, `bad-signature`, `bad-checkpoint` or `wrong-origin`.
 */
export function openCheckpoint(note: string, key: VerifierKey): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, key));
  // One key may sign for several logs; only this one was asked for.
  if (checkpoint.origin !== key.name)
    throw new LogError('wrong-origin', `this is a checkpoint of another log than ${key.name}`);
  return checkpoint;
}

/** The text that is signed. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isName(origin)) throw new TypeError('the origin of a log is a name as in signed notes');
  if (!Number.isSafeInteger(size) || size < 0) throw new TypeError('a size is a whole number');
  if (root.length !== HASH_BYTES) throw new TypeError(`a root has ${HASH_BYTES} bytes`);
  return `${origin}\n${size}\n${base64.encode(root)}\n`;
}

/** @throws LogError `bad-checkpoint` for anything that `formatCheckpoint` would not have written. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', end, ...more] = text.split('\n');
  if (end !== '' || more.length > 0)
    throw new LogError('bad-checkpoint', 'a checkpoint has three lines, each ending in a newline');
  if (!isName(origin)) throw new LogError('bad-checkpoint', 'the first line of a checkpoint names its log');
  return { origin, size: parseSize(size), root: parseRoot(root) };
}

function parseSize(text: string): number {
  const size = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size))
    throw new LogError('bad-checkpoint', 'the size is a decimal number below 2^53, without leading zeros');
  return size;
}

function parseRoot(text: string): Uint8Array {
  const root = decodeStrictBase64(text);
  if (root?.length !== HASH_BYTES)
    throw new LogError('bad-checkpoint', `the root is ${HASH_BYTES} bytes in base64`);
  return root;
}
