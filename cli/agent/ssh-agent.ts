/** The ssh-agent where our keys live: the person's, or one of our own. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentConnection } from '../../src/agent/connection.ts';
import { AgentError } from '../../src/agent/error.ts';
import { UsherCommandError } from '../error.ts';
import type { AgentAddress } from './agent-address.ts';
import { noRuntimeDirectory, refuseForeignDirectory } from './own-agent.ts';

/** Opens a connection for the time of `work`. @throws UsherCommandError `agent` */
export async function withAgent<T>(
  address: AgentAddress,
  work: (agent: AgentConnection) => Promise<T>,
): Promise<T> {
  const agent = await connect(address);
  try {
    return await work(agent);
  } catch (cause) {
    if (cause instanceof AgentError) throw agentError(cause, address);
    throw cause;
  } finally {
    agent.close();
  }
}

async function connect(address: AgentAddress): Promise<AgentConnection> {
  const { own, socket } = address;
  if (socket === undefined) throw own ? noRuntimeDirectory() : noAgent();
  // Where there is no directory there is no agent, which is what connecting says.
  if (own) await refuseForeignDirectory(dirname(socket));
  await refuseForeignSocket(socket);
  try {
    return await AgentConnection.connect(socket);
  } catch (cause) {
    if (cause instanceof AgentError) throw agentError(cause, address);
    throw cause;
  }
}

/** Whoever owns the socket gets the private key: it must be the person. */
async function refuseForeignSocket(path: string): Promise<void> {
  const owner = await ownerOf(path);
  if (owner !== undefined && owner !== process.getuid?.())
    throw new UsherCommandError('agent', `the agent's socket ${path} belongs to user ${owner}, not to you`, {
      hint: 'set SSH_AUTH_SOCK to the socket of your own agent',
    });
}

/** The user id that owns a file, or undefined when there is none. */
export async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch {
    return undefined;
  }
}

function noAgent(): UsherCommandError {
  return new UsherCommandError('agent', 'no ssh-agent is known: SSH_AUTH_SOCK is not set', {
    hint: 'start one in this shell: eval "$(ssh-agent)"; or let usher keep one: usher login --own-agent',
  });
}

function agentError(cause: AgentError, { own }: AgentAddress): UsherCommandError {
  return new UsherCommandError('agent', `ssh-agent: ${cause.message}`, { cause, hint: hintOf(cause, own) });
}

function hintOf({ code }: AgentError, own: boolean): string {
  if (code === 'refused') return 'is the agent locked (ssh-add -X unlocks it)?';
  if (own) return 'usher login starts it';
  return 'is ssh-agent running, and does SSH_AUTH_SOCK name its socket?';
}
