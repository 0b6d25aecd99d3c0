/**
 * An ssh-agent of our own, for one touch: nobody else knows its socket, it is never forwarded, and it holds nothing but what is put in.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentTimeLimits } from './connection.ts';
import { AgentConnection } from './connection.ts';
import { AgentError } from './error.ts';

export interface PrivateAgentOptions {
  /** The one library that the agent may load for security keys; without it, those of OpenSSH's default places. */
  readonly securityKeyProvider?: string;
  readonly limits?: Partial<AgentTimeLimits>;
}

/**
 * Runs `work` with a connection to a fresh agent (`socketPath` is for programs such as ssh-add). Afterwards, whatever happened, the agent and its
 * directory are gone; also when the process exits meanwhile, which a signal must make it do by `process.exit`.
 * @throws AgentError `not-started` when there is no ssh-agent, and whatever `work` throws.
 */
export async function withPrivateAgent<T>(
  work: (connection: AgentConnection, socketPath: string) => Promise<T>,
  options: PrivateAgentOptions = {},
): Promise<T> {
  // mkdtemp makes it with mode 0700.
  const directory = await mkdtemp(join(tmpdir(), 'usher-agent-'));
  // A command that is interrupted while somebody should touch comes to no `finally`.
  const removeNow = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', removeNow);
  try {
    return await withAgentIn(directory, work, options);
  } finally {
    process.removeListener('exit', removeNow);
    await rm(directory, { recursive: true, force: true });
  }
}

async function withAgentIn<T>(
  directory: string,
  work: (connection: AgentConnection, socketPath: string) => Promise<T>,
  { securityKeyProvider, limits }: PrivateAgentOptions,
): Promise<T> {
  const socketPath = join(directory, 'agent');
  const agent = await startAgent(socketPath, securityKeyProvider);
  try {
    const connection = await AgentConnection.connect(socketPath, limits);
    return await work(connection, socketPath).finally(() => connection.close());
  } finally {
    await agent.stop();
  }
}

interface RunningAgent {
  stop(): Promise<void>;
}

/**
 * The agent runs beside a `cat` that reads our end of a pipe: when this process dies, by whatever signal, the pipe closes, `cat` ends, and the
 * agent ends because its companion did.
 */
const COMPANION = 'echo "$SSH_AGENT_PID"; exec cat';

async function startAgent(socketPath: string, provider: string | undefined): Promise<RunningAgent> {
  const allowed = provider === undefined ? [] : ['-P', await realpath(provider)];
  const companion = spawn('ssh-agent', ['-a', socketPath, ...allowed, 'sh', '-c', COMPANION], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const agentPid = await readPid(companion);
  const closed = new Promise<void>((resolve) => companion.once('close', () => resolve()));
  return {
    stop: async () => {
      killQuietly(agentPid);
      companion.stdin?.end();
      await closed;
    },
  };
}

/** The pid is written only after the agent listens. */
function readPid(companion: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const fail = (cause?: unknown): void =>
    reject(new AgentError('not-started', 'ssh-agent could not be started', { cause }));
  companion.once('error', fail);
  companion.once('close', () => fail());
  companion.stdout?.once('data', (line: Uint8Array) => {
    const pid = Number(new TextDecoder().decode(line));
    // kill(0) and kill(-1) would end our own process group, or everything of this person.
    if (Number.isSafeInteger(pid) && pid > 1) resolve(pid);
    else {
      companion.kill();
      fail();
    }
  });
  return promise;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid);
  } catch {
    // It has gone by itself.
  }
}
