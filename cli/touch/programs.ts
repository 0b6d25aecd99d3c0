/** The programs that ways to touch need, so that a missing one is noticed before anybody is asked anything. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';

interface NeededProgram {
  readonly program: string;
  /** What to do when it is missing. */
  readonly hint: string;
}

/** @param way the word after `--with`. */
export function programOf(way: string): NeededProgram | undefined {
  switch (way) {
    case 'browser':
      return undefined;
    case 'security-key':
      return { program: 'fido2-assert', hint: 'install fido2-tools, or choose --with browser' };
    case 'ssh-key':
      return { program: 'ssh-agent', hint: 'install OpenSSH, or choose --with browser' };
    default:
      return {
        program: pluginProgram(way),
        hint: `install the plugin "${way}", or choose --with browser, security-key or ssh-key`,
      };
  }
}

export function pluginProgram(name: string): string {
  return `usher-authenticator-${name}`;
}

/** @throws UsherCommandError `touch-failed` */
export async function requireProgram(surroundings: Pick<Surroundings, 'env'>, way: string): Promise<void> {
  const needed = programOf(way);
  if (needed === undefined || (await isOnPath(surroundings, needed.program))) return;
  throw new UsherCommandError('touch-failed', `${needed.program} is not on PATH`, { hint: needed.hint });
}

export async function isOnPath({ env }: Pick<Surroundings, 'env'>, program: string): Promise<boolean> {
  const places = (env['PATH'] ?? '').split(delimiter).filter((place) => place !== '');
  const found = await Promise.all(places.map((place) => mayAccess(join(place, program), constants.X_OK)));
  return found.includes(true);
}

export async function mayAccess(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false;
  }
}
