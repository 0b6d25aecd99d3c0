/** Two signed checkpoints that contradict each other show that the keeper of the log cheats: they are kept. */
import { join } from 'node:path';
import { writeAtomically } from '../atomic-file.ts';
import { UsherCommandError } from '../error.ts';
import type { Enrolled } from './enrolled.ts';

/** The log does not continue what was seen. Both are signed notes, as they came. */
export class ForkError extends UsherCommandError {
  readonly seen: string;
  readonly offered: string;

  constructor(seen: string, offered: string, cause: Error) {
    super('log-refused', `the log of the authority is refused: ${cause.message}`, { cause });
    this.seen = seen;
    this.offered = offered;
  }
}

interface Witness extends Pick<Enrolled, 'paths' | 'name'> {
  readonly settings: Pick<Enrolled['settings'], 'origin'>;
  readonly surroundings: Pick<Enrolled['surroundings'], 'now'>;
}

/** @returns the error to throw: of a fork it says where the evidence is. */
export async function keepEvidence(
  { paths, name, settings, surroundings }: Witness,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof ForkError)) return error;
  const { seen, offered, message, cause } = error;
  const path = join(paths.state, `${name}.fork-${surroundings.now()}.json`);
  const evidence = { authority: settings.origin, seen, offered };
  await writeAtomically(path, `${JSON.stringify(evidence, null, 2)}\n`, 0o600);
  return new UsherCommandError('log-refused', message, {
    cause,
    hint: `the authority shows you another history than before: ${path} holds both, signed by it; show it to your colleagues`,
  });
}
