/** One sync at a time. The kernel holds the lock, by a child that ends with us: one that was killed holds nobody up. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { UsherCommandError } from '../error.ts';

const MOST_WAIT_SECONDS = 60;
/** Holds it until its input ends, which it does when we end, however that happens. */
const HOLD = 'echo held; exec cat';

/** @throws UsherCommandError `host-file` when another one is still at work. */
export async function whileLocked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const release = await take(path);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function take(path: string): Promise<() => Promise<void>> {
  const child = spawn('flock', ['--wait', String(MOST_WAIT_SECONDS), path, 'sh', '-c', HOLD], {
    env: { PATH: '/usr/bin:/bin:/run/current-system/sw/bin' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close');
  const held = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    ended.then(() => false),
  ]).catch((cause: unknown) => {
    throw new UsherCommandError('host-file', 'flock can not be started: install util-linux', { cause });
  });
  if (!held) throw new UsherCommandError('host-file', `${path} is held: another sync is at work`);
  return async () => {
    child.stdin.end();
    await ended;
  };
}
