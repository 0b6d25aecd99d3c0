/**
 * An ssh-agent for our keys alone: who forwards it to a host forwards nothing else. It is started once, outlives the command,
 * and is found by its socket in the person's runtime directory.
 */
import { spawn } from 'node:child_process';
import type { Stats } from 'node:fs';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentConnection } from '../../src/agent/connection.ts';
import { AgentError } from '../../src/agent/error.ts';
import { UsherCommandError } from '../error.ts';
import { withLock } from '../lock.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Starts it if it does not run. @throws UsherCommandError `agent` */
export async function startOwnAgent(socket: string | undefined, env: Environment): Promise<void> {
  if (socket === undefined) throw noRuntimeDirectory();
  await makeDirectory(dirname(socket));
  await withLock(socket, async () => {
    if (await isListening(socket)) return;
    await removeStale(socket);
    await start(socket, env);
  });
}

/** Whether there is one to ask: before the first login, and after a restart of the machine, there is none. */
export async function hasOwnAgent(socket: string | undefined): Promise<boolean> {
  return socket !== undefined && (await lstatIfThere(socket)) !== undefined && (await isListening(socket));
}

export function noRuntimeDirectory(): UsherCommandError {
  return new UsherCommandError(
    'agent',
    'XDG_RUNTIME_DIR is not set: there is no place for an agent of our own',
    {
      hint: 'set it to a directory that only you can enter, or go back to the agent of your session: usher login --no-own-agent',
    },
  );
}

/** Whoever can write the directory can put another agent there, and get the keys: it is the person's alone. */
export async function refuseForeignDirectory(directory: string): Promise<void> {
  await refuseUnless(dirname(directory), 0o022);
  await refuseUnless(directory, 0o077);
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST'))
      throw new UsherCommandError('agent', `${directory} can not be made`, {
        cause,
        hint: 'is XDG_RUNTIME_DIR a directory of yours?',
      });
  }
  await refuseForeignDirectory(directory);
}

async function refuseUnless(directory: string, forbidden: number): Promise<void> {
  const found = await lstatIfThere(directory);
  if (found === undefined) return;
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & forbidden) === 0) return;
  throw new UsherCommandError('agent', `${directory} is not a directory of yours alone`, {
    hint: "an agent there may be somebody else's: set XDG_RUNTIME_DIR to your own, with mode 0700",
  });
}

async function isListening(socket: string): Promise<boolean> {
  try {
    (await AgentConnection.connect(socket)).close();
    return true;
  } catch (error) {
    if (error instanceof AgentError && error.code === 'unreachable') return false;
    throw error;
  }
}

/** What an agent left behind that was killed. */
async function removeStale(socket: string): Promise<void> {
  const found = await lstatIfThere(socket);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new UsherCommandError('agent', `${socket} is not the socket of an agent`, { hint: 'move it away' });
  await rm(socket);
}

/** ssh-agent goes into the background by itself, in a session of its own: no signal of this terminal reaches it. */
async function start(socket: string, env: Environment): Promise<void> {
  const agent = spawn('ssh-agent', ['-a', socket], { env: { ...env }, stdio: 'ignore' });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  agent.once('error', reject).once('exit', resolve);
  const code = await promise.catch((cause) => {
    throw new UsherCommandError('agent', 'ssh-agent could not be started', {
      cause,
      hint: 'install OpenSSH',
    });
  });
  if (code !== 0) throw new UsherCommandError('agent', `ssh-agent did not start at ${socket}`);
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
