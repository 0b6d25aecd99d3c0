/** One program at a time: a lock file, which whoever does the work makes and removes. */
import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode } from './command-error.ts';

const LOCK_MODE = 0o600;
const RETRY_MILLISECONDS = 15;

/** What to do about a lock that somebody else has. */
type WhileHeld = (lock: string, waitedMilliseconds: number) => Promise<void>;

export async function withLock<T>(lock: string, whileHeld: WhileHeld, work: () => Promise<T>): Promise<T> {
  const release = await takeLock(lock, whileHeld);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** @returns what gives it back. */
export async function takeLock(lock: string, whileHeld: WhileHeld): Promise<() => Promise<void>> {
  const began = Date.now();
  while (!(await take(lock))) {
    await whileHeld(lock, Date.now() - began);
    await sleep(RETRY_MILLISECONDS);
  }
  return () => rm(lock, { force: true });
}

/** Where a crash must hold nobody up: whoever holds it for longer is gone. Two who find that at once may both believe that they hold it. */
export function takeOverAfter(milliseconds: number): WhileHeld {
  return async (lock) => {
    try {
      const { mtimeMs } = await stat(lock);
      if (Date.now() - mtimeMs > milliseconds) await rm(lock, { force: true });
    } catch (error) {
      // It was released between the two.
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  };
}

/** Where two must never work at once: it is never removed, whoever waits too long is told, and decides. */
export function giveUpAfter(milliseconds: number, refusal: (lock: string) => Error): WhileHeld {
  return async (lock, waited) => {
    if (waited > milliseconds) throw refusal(lock);
  };
}

async function take(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx', LOCK_MODE);
    await file.close();
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}
