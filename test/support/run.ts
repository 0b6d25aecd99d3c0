/** Runs a program to its end. */
import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** The exit code; 128 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  /** Added to the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** In milliseconds; then the program is killed. */
  readonly timeout?: number;
}

/** Never throws for a bad exit code: the test says which one it expects. */
export function run(path: string, args: readonly string[], options: RunOptions = {}): Promise<ProgramResult> {
  const { input = '', env = {}, cwd, timeout = 60_000 } = options;
  const child = spawn(path, args, { env: { ...process.env, ...env }, cwd, timeout });
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult>();
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk;
    });
  child.once('error', reject);
  child.once('close', (code) => resolve({ code: code ?? 128, ...output }));
  // A program that ends before it has read everything is no fault of the test.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return promise;
}

/** Runs a program that must succeed. @returns its stdout. */
export async function runOrThrow(
  path: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(path, args, options);
  if (code !== 0) throw new Error(`${path} ${args.join(' ')} ended with ${code}: ${stderr}`);
  return stdout;
}
