/** What was seen last of an authority, and got from it. The bundle's number and the log's size must never go back. */
import { join } from 'node:path';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { BundleReply } from '../../src/http/contract/bundle.ts';
import { readIfThere, writeAtomically } from '../atomic-file.ts';
import { UsherCommandError } from '../error.ts';
import { withLock } from '../lock.ts';
import type { Paths } from '../paths.ts';

export const Memory = Type.Object(
  {
    version: Type.Literal(1),
    bundle: Type.Optional(BundleReply),
    /** The signed note, as it came. */
    checkpoint: Type.Optional(Type.String({ maxLength: 4096 })),
    /** Of the certificate for sudo that this command put into the agent last: what else is in there, somebody else may have put there. */
    sudoSerial: Type.Optional(Type.String({ pattern: '^[0-9]{1,20}$' })),
  },
  { additionalProperties: false },
);
export type Memory = Static<typeof Memory>;

const MAX_MEMORY_BYTES = 1_048_576;

export function memoryFile(paths: Paths, name: string): string {
  return join(paths.state, `${name}.json`);
}

/**
 * @throws UsherCommandError when the file is there and can not be read: to go on without it would be to forget what a
 *   forked log looked like before.
 */
export async function loadMemory(paths: Paths, name: string): Promise<Memory> {
  const path = memoryFile(paths, name);
  const text = await readIfThere(path, MAX_MEMORY_BYTES);
  if (text === undefined) return { version: 1 };
  const value = parseJson(text);
  if (Value.Check(Memory, value)) return value;
  throw new UsherCommandError('bad-settings', `${path} can not be read`, {
    hint: 'it holds what you saw last of the authority: move it away only if you know why it is broken',
  });
}

/** Changes what is remembered, from what the file holds now: another `usher` may have written since it was loaded. */
export async function remember(paths: Paths, name: string, change: Partial<Memory>): Promise<void> {
  await withLock(memoryFile(paths, name), async () => {
    await write(paths, name, { ...(await loadMemory(paths, name)), ...change });
  });
}

/** Replaces the checkpoint if it is still the one that the new one was compared with. @returns whether it was. */
export async function replaceCheckpoint(
  paths: Paths,
  name: string,
  compared: string | undefined,
  checkpoint: string,
): Promise<boolean> {
  return withLock(memoryFile(paths, name), async () => {
    const current = await loadMemory(paths, name);
    if (current.checkpoint !== compared) return false;
    await write(paths, name, { ...current, checkpoint });
    return true;
  });
}

/** Begins anew, for an authority that was made anew under the same address. */
export async function forget(paths: Paths, name: string): Promise<void> {
  await write(paths, name, { version: 1 });
}

function write(paths: Paths, name: string, memory: Memory): Promise<void> {
  return writeAtomically(memoryFile(paths, name), `${JSON.stringify(memory)}\n`, 0o600);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
