/** Runs one command line. Everything from outside comes in as `Surroundings`. */
import type { Command } from 'commander';
import { CommanderError } from 'commander';
import type { MakeCommand } from './assemble.ts';
import { assemble } from './assemble.ts';
import { EXIT, UsherCommandError } from './error.ts';
import { realSurroundings } from './real-surroundings.ts';
import type { Surroundings } from './surroundings.ts';
import { sayError } from './terminal.ts';

/** Those that people, scripts and timers wait for: they start without loading the others. */
const QUICK: ReadonlyMap<string | undefined, () => Promise<MakeCommand>> = new Map([
  ['login', async () => (await import('./commands/login.ts')).loginCommand],
  ['sudo', async () => (await import('./commands/sudo.ts')).sudoCommand],
  ['status', async () => (await import('./commands/status.ts')).statusCommand],
  ['host', async () => (await import('./commands/host.ts')).hostCommand],
  ['logout', async () => (await import('./commands/logout.ts')).logoutCommand],
]);

/** @returns the exit code. */
export async function run(
  args: readonly string[],
  surroundings: Surroundings = realSurroundings(),
): Promise<number> {
  try {
    const program = await load(args[0], surroundings);
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has said what is wrong already, and so has a help text.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    sayError(surroundings, error);
    return error instanceof UsherCommandError ? error.exitCode : EXIT.failed;
  }
}

async function load(command: string | undefined, surroundings: Surroundings): Promise<Command> {
  const quick = QUICK.get(command);
  if (quick !== undefined) return assemble(surroundings, [await quick()]);
  const { makeProgram } = await import('./program.ts');
  return makeProgram(surroundings);
}
