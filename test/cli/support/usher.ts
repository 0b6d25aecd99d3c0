/** The command in this process, for tests that need no person of their own. */
import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { Check } from '../../../cli/doctor/check.ts';
import { run } from '../../../cli/run.ts';
import type { Outcome } from './person.ts';

export async function runUsher(
  args: readonly string[],
  env: Readonly<Record<string, string>> = { HOME: '/nonexistent' },
): Promise<Outcome> {
  const output = { stdout: '', stderr: '' };
  const code = await run(args, {
    stdin: new PassThrough(),
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    env,
    fetch: () => Promise.reject(new Error('no network here')),
    now: () => Math.floor(Date.now() / 1000),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    sleep: async () => undefined,
  });
  return { code, ...output };
}

interface Certificate {
  readonly step: string;
  readonly comment: string;
  readonly refusals: readonly Check[];
}

export interface Diagnosis {
  readonly verdict: 'ok' | 'fail';
  readonly checks: readonly Check[];
  /** Only of `doctor sudo`. */
  readonly outcome?: string;
  readonly certificates?: readonly Certificate[];
}

/** What `usher doctor … --json` says; its exit code must say the same. */
export async function diagnose(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Diagnosis> {
  const { code, stdout, stderr } = await runUsher(['doctor', ...args, '--json'], env);
  if (stdout === '') throw new Error(stderr);
  // What else it were, the tests would see.
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  if ((code === 0) !== (diagnosis.verdict === 'ok'))
    throw new Error(`exit code ${code} for "${diagnosis.verdict}"`);
  return diagnosis;
}
