/** Which ssh-agent holds our keys. Loads little: `usher status --quiet` uses it within its 60 ms. */
import { isAbsolute, join } from 'node:path';

export interface AgentAddress {
  /** An agent that holds nothing but our keys; else the person's agent, with whatever they keep in it. */
  readonly own: boolean;
  /** undefined when the environment does not say where. */
  readonly socket: string | undefined;
}

export function agentAddress(env: Readonly<Record<string, string | undefined>>, own: boolean): AgentAddress {
  return { own, socket: own ? ownSocket(env['XDG_RUNTIME_DIR']) : env['SSH_AUTH_SOCK'] || undefined };
}

/** XDG Base Directory Specification: relative paths are invalid. */
function ownSocket(runtime: string | undefined): string | undefined {
  return runtime !== undefined && isAbsolute(runtime) ? join(runtime, 'usher', 'agent') : undefined;
}
