import { makeProgram } from './program.ts';

/** Errors that people can act on are one line; where in our code they arose helps nobody but us. */
try {
  await makeProgram().parseAsync();
} catch (error) {
  process.stderr.write(`usherd: error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
