import type { Command } from 'commander';

/** Of the commands that a CA key of the person can sign in. */
export function addCaKeyOption(command: Command): Command {
  return command.option(
    '--ca-key <file>',
    'the file of your own CA key, where CA keys for sudo are security keys of people, or "credential" for one without a file; remembered',
  );
}
