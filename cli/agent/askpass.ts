/** Whether an ssh-agent could ask the person before it signs. */
import { constants } from 'node:fs/promises';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { mayAccess } from '../touch/programs.ts';

const DEFAULT_PROGRAM = '/usr/bin/ssh-askpass';

/**
 * What can not ask refuses to sign; and pam-ussh gives up at the first key that refuses, whatever else the agent holds.
 * @throws UsherCommandError `usage`
 */
export async function requireAskpass({ env }: Pick<Surroundings, 'env'>): Promise<void> {
  if (await hasAskpass(env)) return;
  throw new UsherCommandError(
    'usage',
    '--confirm needs a program that asks you, and the agent would find none',
    {
      hint: 'install ssh-askpass, or name one by SSH_ASKPASS, where there is a display; or leave --confirm away',
    },
  );
}

/** As ssh-agent looks for it (OpenSSH's readpass.c), in the hope that its environment is like ours. */
export async function hasAskpass(env: Surroundings['env']): Promise<boolean> {
  const required = env['SSH_ASKPASS_REQUIRE']?.toLowerCase();
  const hasDisplay = [env['DISPLAY'], env['WAYLAND_DISPLAY']].some((display) => (display ?? '') !== '');
  if (required === 'never' || (!hasDisplay && required !== 'force')) return false;
  return mayAccess(env['SSH_ASKPASS'] ?? DEFAULT_PROGRAM, constants.X_OK);
}
