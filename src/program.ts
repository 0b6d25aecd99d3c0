import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };

/** The whole command line of `usherd`; docs/cli is generated from it. */
export function makeProgram(): Command {
  return new Command('usherd').description('The SSH certificate authority.').version(manifest.version);
}
