import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import type { Surroundings } from './surroundings.ts';

export type MakeCommand = (surroundings: Surroundings) => Command;

const DESCRIPTION = `Short-lived SSH certificates by a touch of your security key or passkey.
Exit codes: 0 done; 1 failed or refused; 2 wrong usage; 3 no valid certificate; 69 Node.js is too old; 130 interrupted.`;

/** `usher` with these commands below it. */
export function assemble(surroundings: Surroundings, commands: readonly MakeCommand[]): Command {
  const program = new Command('usher')
    .description(DESCRIPTION)
    .version(manifest.version)
    .enablePositionalOptions();
  for (const make of commands) program.addCommand(make(surroundings));
  configureAll(program, surroundings);
  return program;
}

function configureAll(command: Command, surroundings: Surroundings): void {
  const { stdout, stderr } = surroundings;
  command.exitOverride().configureOutput({
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
    outputError: (text, write) => write(`usher: ${text}`),
  });
  for (const child of command.commands) configureAll(child, surroundings);
}
