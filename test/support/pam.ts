/** PAM without sudo: pamtester calls the `auth` lines of a service, as root, which a module such as pam-ussh takes for sudo. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { program } from './parts.ts';

/** What `haveParts` needs for `authenticate`. */
export const PAM_PARTS = { pamtester: 'pamtester', setpriv: 'util-linux' } as const;

export interface PamResult {
  /** `died`: a signal or a panic of Go ended it. */
  readonly end: 'success' | 'refused' | 'died' | 'hang';
  readonly pid: number;
  readonly stderr: string;
}

export interface PamRun {
  readonly service: string;
  readonly user: string;
  /** For SSH_AUTH_SOCK. */
  readonly agent?: string | undefined;
  /** In milliseconds: pam-ussh waits for a silent agent for ever. */
  readonly patience: number;
}

/** A service that asks this one module, and refuses everybody else. */
export async function writeService(
  path: string,
  module: string,
  moduleArguments: readonly string[],
): Promise<void> {
  const words = ['auth sufficient', module, ...moduleArguments.map(quoted)];
  await writeFile(path, `${words.join(' ')}\nauth required pam_deny.so\n`, { mode: 0o644 });
}

/** pam.conf(5): an argument with blanks stands in brackets. */
function quoted(argument: string): string {
  return /[\s[\]]/.test(argument) ? `[${argument.replaceAll(']', '\\]')}]` : argument;
}

export async function authenticate({ service, user, agent, patience }: PamRun): Promise<PamResult> {
  // In the group of root: some who run tests have it as their first group only, and sudo never does.
  const words = ['--groups=0', program('pamtester'), service, user, 'authenticate'];
  const child = spawn(program('setpriv'), words, {
    // Nothing else: the environment of whoever runs the tests may name an agent.
    env: { PATH: '/usr/bin:/bin', ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }) },
    cwd: tmpdir(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  let hangs = false;
  const timer = setTimeout(() => {
    hangs = true;
    // It takes no other signal.
    child.kill('SIGKILL');
  }, patience);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { end: hangs ? 'hang' : endOf(code), pid: child.pid ?? 0, stderr };
}

function endOf(code: unknown): PamResult['end'] {
  if (code === 0) return 'success';
  return code === 1 ? 'refused' : 'died';
}
