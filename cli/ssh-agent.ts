/** The person's own ssh-agent, where certificates of `usher login` live. */
import { stat } from 'node:fs/promises';
import { AgentConnection } from '../src/agent/connection.ts';
import { AgentError } from '../src/agent/error.ts';
import { UsherCommandError } from './error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Opens a connection for the time of `work`. @throws UsherCommandError `agent` */
export async function withAgent<T>(
  env: Environment,
  work: (agent: AgentConnection) => Promise<T>,
): Promise<T> {
  const agent = await connect(env);
  try {
    return await work(agent);
  } catch (cause) {
    if (cause instanceof AgentError) throw agentError(cause);
    throw cause;
  } finally {
    agent.close();
  }
}

async function connect(env: Environment): Promise<AgentConnection> {
  const socket = env['SSH_AUTH_SOCK'];
  if (socket === undefined || socket === '')
    throw new UsherCommandError('agent', 'no ssh-agent is known: SSH_AUTH_SOCK is not set', {
      hint: 'start one in this shell: eval "$(ssh-agent)"',
    });
  await refuseForeignSocket(socket);
  try {
    return await AgentConnection.connect(socket);
  } catch (cause) {
    if (cause instanceof AgentError) throw agentError(cause);
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

function agentError(cause: AgentError): UsherCommandError {
  const hint =
    cause.code === 'refused'
      ? 'is the agent locked (ssh-add -X unlocks it)?'
      : 'is ssh-agent running, and does SSH_AUTH_SOCK name its socket?';
  return new UsherCommandError('agent', `ssh-agent: ${cause.message}`, { cause, hint });
}
