/** A real ssh-agent for one test: a person's own, with the environment that the test gives. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from './parts.ts';

/** What `haveParts` needs for `startSshAgent`. */
export const SSH_AGENT_PARTS = { 'ssh-agent': 'openssh-client', 'ssh-add': 'openssh-client' } as const;

/** OpenSSH's security key in software: it is always touched, its counter is always 0x12345678. Package openssh-tests. */
export const SK_DUMMY = '/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so';

export interface SshAgentOptions {
  /** Added to the test's own environment, e.g. SSH_ASKPASS. */
  readonly env?: Readonly<Record<string, string>>;
  /** More arguments, e.g. `['-P', '/somewhere/*']` to allow another place for security key libraries. */
  readonly args?: readonly string[];
  /** Runs as this user, with its socket in their home, instead of as the one that runs the tests, which must be root. */
  readonly owner?: { readonly uid: number; readonly gid: number; readonly home: string };
  /** What it says of requests that it refuses is not shown. */
  readonly isQuiet?: boolean;
}

export interface SshAgent extends AsyncDisposable {
  /** For SSH_AUTH_SOCK or AgentConnection.connect. */
  readonly socketPath: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts an agent and waits until it listens. `await using agent = await startSshAgent()`, or call `stop()`. */
export async function startSshAgent({
  env = {},
  args = [],
  owner,
  isQuiet,
}: SshAgentOptions = {}): Promise<SshAgent> {
  const directory = await mkdtemp(join(owner?.home ?? tmpdir(), 'usher-test-agent-'));
  if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
  const socketPath = join(directory, 'agent');
  const child = spawn(program('ssh-agent'), ['-D', '-a', socketPath, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', isQuiet === true ? 'ignore' : 'inherit'],
    ...(owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }),
  });
  const closed = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill();
    await closed;
    await rm(directory, { recursive: true, force: true });
  };
  // It prints SSH_AUTH_SOCK once it listens.
  const isListening = await Promise.race([
    once(child.stdout, 'data').then(() => true),
    closed.then(() => false),
  ]);
  if (!isListening || child.pid === undefined) {
    await stop();
    throw new Error('ssh-agent ended at once');
  }
  return { socketPath, pid: child.pid, stop, [Symbol.asyncDispose]: stop };
}
