import type { Command } from 'commander';
import { addTouchOptions } from '../touch-options.ts';

/** The options that every command has which does something to the authority itself. */
export function addActOptions(command: Command): Command {
  return addTouchOptions(
    command.option('--no-open', 'browser: do not open it, print the address and the code'),
  );
}
