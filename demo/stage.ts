/** What the demo runs on: a directory that goes away again, and processes that end with it. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export class Stage implements AsyncDisposable {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #children: ChildProcess[] = [];

  constructor(directory: string) {
    this.directory = directory;
    this.env = {
      ...process.env,
      PATH: [join(ROOT, 'bin'), join(ROOT, 'demo'), process.env['PATH'], '/usr/sbin'].join(delimiter),
      XDG_CONFIG_HOME: this.path('config'),
      XDG_STATE_HOME: this.path('state'),
      USHER_DEMO_KEY: this.path('software-key.json'),
      SSH_AUTH_SOCK: this.path('agent.sock'),
      // The person's own agent, display and keys are none of the demo's business.
      DISPLAY: undefined,
      SSH_ASKPASS: undefined,
    };
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Starts a process that runs until the demo ends. `ready` waits until it can be used. */
  async start(command: readonly string[], ready: () => Promise<boolean>): Promise<void> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { env: this.env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#children.push(child);
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.once('error', ({ message }) => {
      complaint += message;
    });
    await waitFor(ready, () => `${program} does not start:\n${complaint}`);
  }

  /** Runs a program to its end. @returns all that it said. @throws Error with that when it fails. */
  async run(command: readonly string[], input = ''): Promise<string> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { env: this.env });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    // A program that ends without reading is no failure: its exit code says whether it failed.
    child.stdin.on('error', () => {}).end(input);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${command.join(' ')} failed:\n${output}`);
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.pid === undefined) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function makeStage(): Promise<Stage> {
  return new Stage(await mkdtemp(join(tmpdir(), 'usher-demo-')));
}

/** A loopback port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

async function waitFor(ready: () => Promise<boolean>, complaint: () => string): Promise<void> {
  const until = Date.now() + 30_000;
  while (Date.now() < until) {
    if (await ready().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(complaint());
}
