/** Whether the chosen way to touch has what it needs on this machine. */
import { constants } from 'node:fs/promises';
import type { Settings } from '../authority/settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { hasBrowser } from '../touch/open-browser.ts';
import { isOnPath, mayAccess, programOf } from '../touch/programs.ts';
import type { Check } from './check.ts';
import { failure, ok, warning } from './check.ts';

export async function checkTouch(surroundings: Surroundings, settings: Settings): Promise<Check> {
  const way = settings.with ?? 'browser';
  switch (way) {
    case 'browser':
      return hasBrowser(surroundings)
        ? ok('touch', 'touches are made in the browser of this machine')
        : warning(
            'touch',
            'there is no browser here',
            'usher login prints an address and a code for another machine',
          );
    case 'ssh-key':
      return checkKeyFile(surroundings, settings.touchKey ?? '');
    default:
      return checkProgram(surroundings, way);
  }
}

async function checkProgram(surroundings: Surroundings, way: string): Promise<Check> {
  const needed = programOf(way);
  if (needed === undefined) return ok('touch', 'touches need no program');
  return (await isOnPath(surroundings, needed.program))
    ? ok('touch', `touches are made with ${needed.program}`)
    : failure('touch', `${needed.program} is not on PATH`, needed.hint);
}

async function checkKeyFile(surroundings: Surroundings, file: string): Promise<Check> {
  if (!(await mayAccess(file, constants.R_OK)))
    return failure(
      'touch',
      `${file} can not be read`,
      'name the file of your security key: --touch-key FILE',
    );
  return checkProgram(surroundings, 'ssh-key');
}
