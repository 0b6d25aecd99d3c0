/**
 * What programs say to syslog while tests run, on a machine where nothing listens at /dev/log: pam-ussh tells its reasons nowhere else.
 * Tests in several processes share one listener: whoever comes first starts it, whoever leaves last ends it.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { program } from './parts.ts';
import { run, runOrThrow } from './run.ts';

/** What `haveParts` needs for `openLog`. */
export const LOG_PARTS = { socat: 'socat', flock: 'util-linux', logger: 'bsdutils' } as const;

const PLACE = '/run/usher-test-log';
const MESSAGES = `${PLACE}/messages`;
/** In front of each message, since they come without an end: `<36>Nov 22 03:17:38 `. */
const START = /<\d{1,3}>(?=[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )/;
const PATIENCE_MS = 5_000;

/** Both run under one lock. Users are files named by process; those of killed processes do not count. */
const SWEEP = `
mkdir -p ${PLACE}/users && cd ${PLACE}/users
for user in *; do
  [ -e "/proc/\${user%%.*}" ] || rm -f "$user"
done
if [ -z "$(ls)" ] && [ -e ../listener ]; then
  kill "$(cat ../listener)" 2>/dev/null && while [ -e /dev/log ]; do sleep 0.02; done
  rm -f ../listener ../messages
fi`;
const JOIN = `${SWEEP}
if [ ! -e ../listener ]; then
  [ ! -e /dev/log ] || exit 3
  setsid socat -u UNIX-RECV:/dev/log,mode=666 OPEN:${MESSAGES},creat,append </dev/null >/dev/null 2>&1 &
  echo $! > ../listener
  while [ ! -S /dev/log ]; do sleep 0.02; done
fi
: > "$1"`;
const LEAVE = `cd ${PLACE}/users && rm -f "$1"
${SWEEP}
cd / && rmdir ${PLACE}/users ${PLACE} 2>/dev/null || true`;

export interface SudoLog {
  /** How much has been said so far. */
  size(): Promise<number>;
  /** The messages since `size` with this beginning, such as `pam-ussh[4711]: `, without it. */
  since(size: number, beginning: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** @returns undefined when something else listens: then its messages are not for tests. */
export async function openLog(): Promise<SudoLog | undefined> {
  const user = `${process.pid}.${randomBytes(4).toString('hex')}`;
  const joined = await underLock(JOIN, user);
  if (joined.code === 3) return undefined;
  if (joined.code !== 0) throw new Error(`no log: ${joined.stderr}`);
  return {
    size: async () => (await readFile(MESSAGES)).length,
    since: messagesSince,
    close: async () => {
      await underLock(LEAVE, user);
    },
  };
}

async function messagesSince(size: number, beginning: string): Promise<readonly string[]> {
  const end = `end ${randomBytes(8).toString('hex')}`;
  // What was said before is in the socket before it.
  await runOrThrow(program('logger'), ['-u', '/dev/log', end]);
  const text = await waitFor(end, size);
  return text.split(START).flatMap((message) => {
    const at = message.indexOf(beginning);
    return at === -1 ? [] : [message.slice(at + beginning.length).trimEnd()];
  });
}

async function waitFor(end: string, size: number): Promise<string> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const text = (await readFile(MESSAGES)).subarray(size).toString();
    if (text.includes(end)) return text;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('the listener at /dev/log does not listen');
}

function underLock(script: string, ...args: readonly string[]) {
  // `-o`: else the listener would keep the lock.
  return run(program('flock'), ['-o', `${PLACE}.lock`, 'sh', '-c', script, 'sh', ...args]);
}
