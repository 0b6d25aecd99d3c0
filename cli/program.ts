/** The tree of commands. Everything from outside comes in as `Surroundings`. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, CommanderError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { certificateCommand } from './commands/certificate.ts';
import { configCommand } from './commands/config.ts';
import { doctorCommand } from './commands/doctor.ts';
import { enrollCommand } from './commands/enroll.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { statusCommand } from './commands/status.ts';
import { EXIT, UsherCommandError } from './error.ts';
import type { Surroundings } from './surroundings.ts';
import { sayError } from './terminal.ts';

const EXIT_CODES = `
Exit codes: 0 done; 1 failed or refused; 2 wrong usage; 3 no valid certificate; 69 Node.js is too old; 130 interrupted.`;

/** @returns the exit code. */
export async function run(
  args: readonly string[],
  surroundings: Surroundings = realSurroundings(),
): Promise<number> {
  try {
    await makeProgram(surroundings).parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has said what is wrong already, and so has a help text.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    sayError(surroundings, error);
    return error instanceof UsherCommandError ? error.exitCode : EXIT.failed;
  }
}

export function makeProgram(surroundings: Surroundings = realSurroundings()): Command {
  const program = new Command('usher')
    .description(
      `Short-lived SSH certificates by a touch of your security key or passkey.\n${EXIT_CODES.trim()}`,
    )
    .version(manifest.version)
    .enablePositionalOptions();
  for (const make of COMMANDS) program.addCommand(make(surroundings));
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap(({ commands }) => commands),
  ])
    configure(command, surroundings);
  return program;
}

const COMMANDS = [
  enrollCommand,
  loginCommand,
  statusCommand,
  logoutCommand,
  doctorCommand,
  certificateCommand,
  configCommand,
];

function configure(command: Command, { stdout, stderr }: Surroundings): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
    outputError: (text, write) => write(`usher: ${text}`),
  });
}

function realSurroundings(): Surroundings {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    fetch: (input, init) => fetch(input, init),
    now: () => Math.floor(Date.now() / 1000),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    sleep: async (milliseconds, signal) => {
      await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
    },
  };
}
