/**
 * A person's terminal: a home of its own, an ssh-agent, and the real `usher`. Its browser is a program that only notes which
 * address it was to open, so that a test opens it in Chromium.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProgramResult } from './run.ts';
import { startSshAgent } from './ssh-agent.ts';

const USHER = fileURLToPath(new URL('../../bin/usher', import.meta.url));
const PATIENCE_MS = 15_000;
/** Notes where the file leads that it is given: the address itself must not stand in the list of processes. */
const BROWSER = `#!/bin/sh
sed -n 's/.*content="0;url=\\([^"]*\\)".*/\\1/p' "\${1#file://}" | tr -d '\\n' > "$OPENED.part" && mv "$OPENED.part" "$OPENED"
`;

export interface Terminal extends AsyncDisposable {
  readonly home: string;
  readonly agentSocket: string;
  usher(...args: readonly string[]): RunningUsher;
}

export interface RunningUsher {
  /** What the command asked its browser to open. */
  opened(): Promise<string>;
  /** A line of stderr of the form `  name  value`, as soon as it is there. */
  said(name: string): Promise<string>;
  ended(): Promise<ProgramResult>;
  stop(): Promise<void>;
}

export async function openTerminal(): Promise<Terminal> {
  const home = await mkdtemp(join(tmpdir(), 'usher-test-home-'));
  const agent = await startSshAgent();
  const browser = join(home, 'browser');
  await writeFile(browser, BROWSER);
  await chmod(browser, 0o700);
  let runs = 0;
  return {
    home,
    agentSocket: agent.socketPath,
    usher: (...args) => runUsher(args, home, join(home, `opened-${++runs}`), agent.socketPath),
    [Symbol.asyncDispose]: async () => {
      await agent.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function runUsher(args: readonly string[], home: string, opened: string, agentSocket: string): RunningUsher {
  const child = spawn(process.execPath, [USHER, ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      BROWSER: join(home, 'browser'),
      OPENED: opened,
      SSH_AUTH_SOCK: agentSocket,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  const closed = once(child, 'close');
  const ended = async (): Promise<ProgramResult> => {
    await closed;
    return { code: child.exitCode ?? 128, ...output };
  };
  return {
    opened: () => eventually('the browser', () => readFile(opened, 'utf8').catch(() => undefined)),
    said: (name) =>
      eventually(
        `"${name}" of:\n${output.stderr}`,
        async () => new RegExp(`^ +${name} +(\\S+)$`, 'm').exec(output.stderr)?.[1],
      ),
    ended,
    stop: async () => {
      child.kill();
      await closed;
    },
  };
}

/** Asks until there is an answer. */
async function eventually(what: string, ask: () => Promise<string | undefined>): Promise<string> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain for ${what}`);
}
