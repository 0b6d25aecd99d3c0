/** From the word after `--with` to a way to touch. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { isPluginName, pluginWay } from './plugin.ts';
import { requireProgram } from './programs.ts';
import { securityKeyWay } from './security-key.ts';
import { sshKeyWay } from './ssh-key.ts';
import type { TouchWay } from './way.ts';

export interface WayOptions {
  readonly with?: string | undefined;
  readonly touchKey?: string | undefined;
  readonly skProvider?: string | undefined;
  readonly device?: string | undefined;
}

export type ChosenWay = { readonly kind: 'here'; readonly way: TouchWay } | { readonly kind: 'browser' };

interface Remembered {
  readonly with?: string | undefined;
  readonly touchKey?: string | undefined;
}

/**
 * @param remembered what was chosen at enrolment.
 * @throws UsherCommandError `usage` when there is no such way, `touch-failed` when the program that it needs is missing.
 */
export async function chooseWay(
  surroundings: Surroundings,
  options: WayOptions,
  remembered: Remembered,
): Promise<ChosenWay> {
  const name = options.with ?? remembered.with ?? 'browser';
  const way = wayNamed(surroundings, name, options, remembered);
  await requireProgram(surroundings, name);
  return way;
}

function wayNamed(
  surroundings: Surroundings,
  name: string,
  options: WayOptions,
  remembered: Remembered,
): ChosenWay {
  switch (name) {
    case 'browser':
      return { kind: 'browser' };
    case 'security-key':
      return { kind: 'here', way: securityKeyWay(surroundings, options.device) };
    case 'ssh-key': {
      const file = touchKeyFile(surroundings, options, remembered);
      return {
        kind: 'here',
        way: sshKeyWay(surroundings, { file, provider: providerOf(surroundings, options) }),
      };
    }
    default:
      if (isPluginName(name)) return { kind: 'here', way: pluginWay(surroundings, name) };
      throw new UsherCommandError('usage', `"${name}" is no way to touch`, {
        hint: 'browser, security-key, ssh-key, or the name of a plugin (docs/plugins.md)',
      });
  }
}

export function touchKeyFile(
  { env }: Pick<Surroundings, 'env'>,
  options: WayOptions,
  remembered: { readonly touchKey?: string | undefined },
): string {
  const given = options.touchKey ?? remembered.touchKey;
  return given === undefined ? join(env['HOME'] ?? homedir(), '.ssh', 'id_ed25519_sk') : resolve(given);
}

/** OpenSSH's own variable for the library that talks to authenticators. */
export function providerOf({ env }: Pick<Surroundings, 'env'>, options: WayOptions): string | undefined {
  const provider = options.skProvider ?? env['SSH_SK_PROVIDER'];
  return provider === '' || provider === 'internal' ? undefined : provider;
}
