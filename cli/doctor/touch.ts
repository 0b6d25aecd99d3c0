/** Whether the chosen way to touch has what it needs on this machine. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Settings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { hasBrowser } from '../touch/open-browser.ts';
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
    case 'security-key':
      return checkProgram(surroundings, 'fido2-assert', 'install fido2-tools');
    case 'ssh-key':
      return checkKeyFile(surroundings, settings.touchKey ?? '');
    default:
      return checkProgram(
        surroundings,
        `usher-authenticator-${way}`,
        'install the plugin, or choose --with browser',
      );
  }
}

async function checkProgram({ env }: Surroundings, program: string, hint: string): Promise<Check> {
  const places = (env['PATH'] ?? '').split(delimiter).filter((place) => place !== '');
  const found = await Promise.all(places.map((place) => mayAccess(join(place, program), constants.X_OK)));
  return found.includes(true)
    ? ok('touch', `touches are made with ${program}`)
    : failure('touch', `${program} is not on PATH`, hint);
}

async function checkKeyFile(surroundings: Surroundings, file: string): Promise<Check> {
  if (!(await mayAccess(file, constants.R_OK)))
    return failure(
      'touch',
      `${file} can not be read`,
      'name the file of your security key: --touch-key FILE',
    );
  return checkProgram(surroundings, 'ssh-agent', 'install OpenSSH');
}

async function mayAccess(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false;
  }
}
