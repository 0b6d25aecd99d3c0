/** Programs of the host, in an environment of ours: what root's shell or a timer has in its own does not reach them. */
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import type { ProgramResult } from '../touch/run.ts';
import { runProgram } from '../touch/run.ts';

const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
  // What they say is read.
  LC_ALL: 'C',
};
const TIME_LIMIT_SECONDS = 60;
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

/** @throws UsherCommandError `host-file` when it can not be started, takes too long or says too much. */
export async function runOnHost(
  surroundings: Surroundings,
  [program = '', ...args]: readonly string[],
): Promise<ProgramResult> {
  const limits = { timeLimitSeconds: TIME_LIMIT_SECONDS, maxOutputBytes: MAX_OUTPUT_BYTES };
  try {
    return await runProgram(
      { ...surroundings, env: ENVIRONMENT },
      { program, arguments: args, stdin: '', stderr: 'keep', ...limits },
    );
  } catch (cause) {
    if (!(cause instanceof UsherCommandError)) throw cause;
    throw new UsherCommandError('host-file', cause.message, { cause });
  }
}

/** @returns undefined when it is not there, or does not succeed. */
export async function tryOnHost(
  surroundings: Surroundings,
  command: readonly string[],
): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await runOnHost(surroundings, command);
    return exitCode === 0 ? stdout : undefined;
  } catch (error) {
    if (error instanceof UsherCommandError) return undefined;
    throw error;
  }
}

/** The first line of what a program complained of, for a message of ours. */
export function complaintOf({ stderr }: ProgramResult): string {
  return stderr.trim().split('\n')[0] ?? '';
}
