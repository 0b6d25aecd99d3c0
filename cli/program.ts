import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };

/** The whole command line of `usher`; docs/cli is generated from it. */
export function makeProgram(): Command {
  return new Command('usher')
    .description('Sign in with a touch: short-lived OpenSSH certificates in your ssh-agent.')
    .version(manifest.version);
}
