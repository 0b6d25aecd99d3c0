/** Two signed checkpoints that contradict each other prove that the keeper of the log cheats: they are kept. */
import { join } from 'node:path';
import { LogError } from '../src/log/error.ts';
import { writeAtomically } from './atomic-file.ts';
import type { Enrolled } from './enrolled.ts';
import { UsherCommandError } from './error.ts';

/** @returns the error to throw: of a fork it says where the evidence is. */
export async function keepEvidence(enrolled: Enrolled, offered: string, error: unknown): Promise<unknown> {
  const { paths, name, memory, surroundings } = enrolled;
  if (!(error instanceof UsherCommandError && error.cause instanceof LogError && error.cause.code === 'fork'))
    return error;
  const path = join(paths.state, `${name}.fork-${surroundings.now()}.json`);
  const evidence = { authority: enrolled.settings.origin, seen: memory.checkpoint, offered };
  await writeAtomically(path, `${JSON.stringify(evidence, null, 2)}\n`, 0o600);
  return new UsherCommandError('log-refused', error.message, {
    cause: error.cause,
    hint: `the authority shows you another history than before: ${path} proves it; show it to your colleagues`,
  });
}
