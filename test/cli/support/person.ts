/** A person at a terminal: files of their own, an ssh-agent, a software security key, and the command run in this process. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Settings } from '../../../cli/authority/settings.ts';
import { saveSettings } from '../../../cli/authority/settings.ts';
import type { Paths } from '../../../cli/paths.ts';
import { pathsFrom } from '../../../cli/paths.ts';
import { run } from '../../../cli/run.ts';
import type { Surroundings } from '../../../cli/surroundings.ts';
import { AgentConnection } from '../../../src/agent/connection.ts';
import type { AgentIdentity } from '../../../src/ssh/agent-messages.ts';
import type { SoftPlugin } from '../../support/soft-plugin.ts';
import { startSoftPlugin } from '../../support/soft-plugin.ts';
import { startSshAgent } from '../../support/ssh-agent.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Person extends AsyncDisposable {
  readonly home: string;
  readonly paths: Paths;
  readonly plugin: SoftPlugin;
  readonly socketPath: string;
  readonly env: Record<string, string>;
  /** Runs `usher ARGS`. */
  readonly usher: (args: readonly string[], changes?: PersonChanges) => Promise<Outcome>;
  readonly enrolAt: (settings: Partial<Settings> & Pick<Settings, 'origin' | 'bundleKey'>) => Promise<void>;
  readonly identities: () => Promise<readonly AgentIdentity[]>;
}

export interface PersonChanges {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly now?: () => number;
  readonly fetch?: typeof fetch;
  /** Sees everything on stderr so far, each time there is more. */
  readonly onStderr?: (text: string) => void;
}

export async function startPerson(): Promise<Person> {
  const home = await mkdtemp(join(tmpdir(), 'usher-test-home-'));
  const plugin = await startSoftPlugin();
  const agent = await startSshAgent();
  const env = {
    PATH: `${plugin.directory}:${process.env['PATH']}`,
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
    SSH_AUTH_SOCK: agent.socketPath,
  };
  const paths = pathsFrom(env);
  return {
    ...{ home, paths, plugin, env, socketPath: agent.socketPath },
    usher: (args, changes = {}) => usher(args, env, changes),
    enrolAt: (settings) =>
      saveSettings(paths, { version: 1, rpId: 'localhost', person: 'alice', with: 'soft', ...settings }),
    identities: async () => {
      const connection = await AgentConnection.connect(agent.socketPath);
      return connection.list().finally(() => connection.close());
    },
    [Symbol.asyncDispose]: async () => {
      await agent.stop();
      await plugin[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function usher(
  args: readonly string[],
  env: Record<string, string>,
  changes: PersonChanges,
): Promise<Outcome> {
  const output = { stdout: '', stderr: '' };
  const stdin = new PassThrough();
  stdin.end(changes.stdin ?? '');
  const surroundings: Surroundings = {
    stdin,
    stdout: { write: (text) => (output.stdout += text) },
    stderr: {
      write: (text) => {
        output.stderr += text;
        changes.onStderr?.(output.stderr);
      },
    },
    env: { ...env, ...changes.env },
    fetch: changes.fetch ?? fetch,
    now: changes.now ?? (() => Math.floor(Date.now() / 1000)),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    // Waiting is not what these tests are about.
    sleep: () => new Promise((resolve) => setTimeout(resolve, 1)),
  };
  const code = await run(args, surroundings);
  return { code, ...output };
}
