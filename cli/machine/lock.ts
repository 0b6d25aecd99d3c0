/** One sync at a time. The kernel holds the lock, by a child that ends with us: one that was killed holds nobody up. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { UsherCommandError } from '../error.ts';

const MOST_WAIT_SECONDS = 60;
/** Holds it until its input ends, which it does when we end, however that happens. */
const HOLD = `umask 077; exec flock --wait ${MOST_WAIT_SECONDS} "$0" sh -c 'echo held; exec cat'`;
/** What the shell ends with when there is no such program, and flock when it has waited in vain. */
const MISSING = 127;
const WAITED = 1;

/** @throws UsherCommandError `host-file` when another one is still at work. */
export async function whileLocked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const release = await take(path);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** @returns what gives it back. */
async function take(path: string): Promise<() => Promise<void>> {
  const child = spawn('/bin/sh', ['-c', HOLD, path], {
    env: { PATH: '/usr/bin:/bin:/run/current-system/sw/bin' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close');
  const isHeld = once(child.stdout, 'data').then(() => true);
  if (!(await Promise.race([isHeld, ended.then(() => false)]))) throw failure(path, child);
  return async () => {
    child.stdin.end();
    await ended;
  };
}

function failure(path: string, { exitCode }: ChildProcess): UsherCommandError {
  if (exitCode === WAITED)
    return new UsherCommandError('host-file', `${path} is held: another sync is at work`);
  if (exitCode === MISSING)
    return new UsherCommandError('host-file', 'flock is missing', { hint: 'install util-linux' });
  return new UsherCommandError('host-file', `${path} can not be held`, { hint: 'run this as root' });
}
