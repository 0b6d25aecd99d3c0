import { CommanderError } from 'commander';
import { CommandError } from './command-error.ts';
import { makeProgram } from './program.ts';
import { printableLines } from './ssh/printable.ts';

/** The exit codes of `usherd`; 69 (Node too old) is the launcher's. */
const EXIT = { failed: 1, usage: 2 } as const;

/** Errors that people can act on are a line or two; where in our code they arose helps nobody but us. */
try {
  await makeProgram().parseAsync();
} catch (error) {
  process.exitCode = endWith(error);
}

function endWith(error: unknown): number {
  // commander has said what is wrong, or printed the help or version that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
  say('error', error instanceof Error ? error.message : String(error));
  if (error instanceof CommandError && error.hint !== undefined) say('hint', error.hint);
  return EXIT.failed;
}

/** Messages quote files, names and other programs, none of which may steer the terminal. */
function say(kind: 'error' | 'hint', text: string): void {
  process.stderr.write(`usherd: ${kind}: ${printableLines(text)}\n`);
}
