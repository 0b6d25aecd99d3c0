/** A refusal after the touch says what the person may ask for: kept, so that the next `login` asks for that. */
import type { Access } from '../src/http/contract.ts';
import { formatDuration } from '../src/ssh/duration.ts';
import type { Enrolled } from './enrolled.ts';
import { UsherCommandError } from './error.ts';
import { changeSettings } from './settings.ts';

/** @returns the error to throw instead. */
export async function explainRefusal({ paths, name }: Enrolled, error: unknown): Promise<unknown> {
  if (!(error instanceof UsherCommandError)) return error;
  const access = error.problem?.access;
  if (access === undefined) return error;
  await changeSettings(paths, name, (current) => ({ ...current, access }));
  const { problem } = error;
  return new UsherCommandError('refused', error.message, {
    cause: error,
    hint: accessHint(access),
    ...(problem === undefined ? {} : { problem }),
  });
}

function accessHint({ logins, hosts, maxLifetime }: Access): string {
  if (logins.length === 0 || hosts.length === 0)
    return 'you may log in nowhere now: ask the keeper of your fleet';
  const where = hosts.includes('*') ? 'every host' : hosts.join(', ');
  return `you may ask for ${logins.join(', ')} on ${where}, for up to ${formatDuration(maxLifetime)}; "usher login" now asks for that`;
}
