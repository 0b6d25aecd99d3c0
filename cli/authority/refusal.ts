/** A refusal after the touch says what the person may ask for: kept, so that the next command asks for that. */
import type { Access } from '../../src/http/contract/access.ts';
import { formatDuration } from '../../src/ssh/duration.ts';
import { UsherCommandError } from '../error.ts';
import type { Asked } from '../issue/asked.ts';
import type { Enrolled } from './enrolled.ts';
import { changeSettings } from './settings.ts';

/** @returns the error to throw instead. */
export async function explainRefusal(
  { paths, name }: Pick<Enrolled, 'paths' | 'name'>,
  asked: readonly Pick<Asked, 'purpose'>[],
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof UsherCommandError)) return error;
  const access = error.problem?.access;
  if (access === undefined) return error;
  await changeSettings(paths, name, (current) => ({ ...current, access }));
  const { problem } = error;
  return new UsherCommandError('refused', error.message, {
    cause: error,
    hint: hintOf(error, access, asked),
    ...(problem === undefined ? {} : { problem }),
  });
}

function hintOf(
  { hint }: UsherCommandError,
  access: Access,
  asked: readonly Pick<Asked, 'purpose'>[],
): string {
  const purposes = asked.map(({ purpose }) => purpose);
  if (!purposes.includes('sudo')) return loginHint(access);
  // What is wrong with a reason or a key, no list of hosts tells.
  if (hint !== undefined) return hint;
  return purposes.includes('login') ? `${loginHint(access)}; ${sudoHint(access)}` : sudoHint(access);
}

function loginHint({ logins, hosts, maxLifetime }: Access): string {
  if (logins.length === 0 || hosts.length === 0)
    return 'you may log in nowhere now: ask the keeper of your fleet';
  const where = hosts.includes('*') ? 'every host' : hosts.join(', ');
  return `you may ask for ${logins.join(', ')} on ${where}, for up to ${formatDuration(maxLifetime)}; "usher login" now asks for that`;
}

function sudoHint({ sudo, logins }: Access): string {
  if (sudo === undefined || (sudo.hosts.length === 0 && !sudo.everywhere))
    return 'you may use sudo nowhere now: ask the keeper of your fleet';
  const where = sudo.hosts.includes('*') ? 'every host' : sudo.hosts.join(', ');
  const everywhere = sudo.everywhere ? ', or --everywhere' : '';
  return `for sudo you may ask for ${where}${everywhere}, as ${logins.join(', ')}, for up to ${formatDuration(sudo.maxLifetime)}`;
}
