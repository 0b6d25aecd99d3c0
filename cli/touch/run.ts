/** Runs the programs that a touch needs: with limits on time and output, and never through a shell. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';

interface ProgramInput {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly stdin: string;
  /** Kept for messages of ours, or passed on because it is for the person. */
  readonly stderr: 'keep' | 'pass-on';
  readonly timeLimitSeconds: number;
  readonly maxOutputBytes: number;
}

export interface ProgramResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** Empty when it was passed on. */
  readonly stderr: string;
}

/** @throws UsherCommandError `touch-failed` when it can not be started, takes too long or says too much. */
export async function runProgram(surroundings: Surroundings, input: ProgramInput): Promise<ProgramResult> {
  const child = spawn(input.program, input.arguments, {
    env: { ...surroundings.env },
    stdio: ['pipe', 'pipe', input.stderr === 'keep' ? 'pipe' : 'inherit'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), input.timeLimitSeconds * 1000);
  try {
    const exited = exitOf(child, input.program);
    // A program that ends without reading its input must not end us (EPIPE).
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input.stdin);
    const [stdout, stderr, exitCode] = await Promise.all([
      collect(child, child.stdout, input),
      collect(child, child.stderr, input),
      exited,
    ]);
    return { stdout, stderr, exitCode };
  } finally {
    clearTimeout(timer);
  }
}

/** For programs that talk with the person themselves. Their stdout goes to stderr, since ours is data. */
export async function runInteractively(
  surroundings: Surroundings,
  program: string,
  args: readonly string[],
): Promise<void> {
  const child = spawn(program, args, { env: { ...surroundings.env }, stdio: ['inherit', 2, 2] });
  const exitCode = await exitOf(child, program);
  if (exitCode !== 0)
    throw new UsherCommandError(
      'touch-failed',
      `${program} failed${exitCode === undefined ? '' : ` (${exitCode})`}`,
    );
}

async function collect(
  child: ChildProcess,
  stream: Readable | null,
  { program, maxOutputBytes }: ProgramInput,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > maxOutputBytes) {
      child.kill('SIGKILL');
      throw new UsherCommandError('touch-failed', `${program} printed more than ${maxOutputBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function exitOf(child: ChildProcess, program: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        new UsherCommandError('touch-failed', `${program} can not be started: ${cause.message}`, { cause }),
      ),
    );
    child.once('close', (code) => resolve(code ?? undefined));
  });
}
