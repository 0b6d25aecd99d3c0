/**
 * A real `usherd` process on a loopback port with an authority of its own:
 *
 *     await using usherd = await startUsherd({ roster });
 *     const { stdout } = await usherd.command('invite', 'alice');
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import type { ProgramResult } from './run.ts';
import { run } from './run.ts';

const USHERD = fileURLToPath(new URL('../../bin/usherd', import.meta.url));

export interface UsherdOptions {
  /** Text of the roster; the sample of `usherd init` when absent. */
  readonly roster?: string;
  /** More lines of usherd.yaml. */
  readonly config?: readonly string[];
  /** Changes the text of usherd.yaml. */
  readonly edit?: (text: string) => string;
  /** Changes the authority's directory before the service starts for the first time. */
  readonly prepare?: (dir: string) => Promise<void>;
  /** The program to run `serve` with instead of bin/usherd: a path of a module that takes the same arguments. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Usherd extends AsyncDisposable {
  readonly origin: string;
  /** The authority's directory. */
  readonly dir: string;
  /** Everything that `serve` wrote so far. */
  readonly log: () => string;
  /** Of the running service. */
  readonly pid: () => number | undefined;
  /** Runs `usherd ARGS --dir DIR`. */
  readonly command: (...args: readonly string[]) => Promise<ProgramResult>;
  /** Sends a signal to the running service. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Waits for the running service to end, e.g. after a signal. */
  readonly ended: () => Promise<number | null>;
  /** Starts the service again after it ended, on the same port and directory. */
  readonly start: () => Promise<void>;
}

export async function startUsherd(options: UsherdOptions = {}): Promise<Usherd> {
  const place = await mkdtemp(join(tmpdir(), 'usherd-'));
  const dir = join(place, 'ca');
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  await initialise(dir, origin, port, options);
  const service = new Service(dir, options);
  const close = async (): Promise<void> => {
    await service.stop();
    await rm(place, { recursive: true, force: true });
  };
  await service.start(origin).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    origin,
    dir,
    log: () => service.output,
    pid: () => service.child?.pid,
    command: (...args) => run(USHERD, [...args, '--dir', dir]),
    signal: (signal) => service.child?.kill(signal),
    ended: () => service.ended(),
    start: () => service.start(origin),
    [Symbol.asyncDispose]: close,
  };
}

async function initialise(dir: string, origin: string, port: number, options: UsherdOptions): Promise<void> {
  const made = await run(USHERD, ['init', '--dir', dir, '--origin', origin, '--listen', `127.0.0.1:${port}`]);
  if (made.code !== 0) throw new Error(made.stderr);
  const file = join(dir, 'usherd.yaml');
  if (options.config !== undefined) await appendFile(file, `${options.config.join('\n')}\n`);
  if (options.edit !== undefined) await writeFile(file, options.edit(await readFile(file, 'utf8')));
  if (options.roster !== undefined) await writeFile(join(dir, 'roster.yaml'), options.roster);
  await options.prepare?.(dir);
}

class Service {
  output = '';
  child: ChildProcess | undefined;
  readonly #dir: string;
  readonly #options: UsherdOptions;

  constructor(dir: string, options: UsherdOptions) {
    this.#dir = dir;
    this.#options = options;
  }

  async start(origin: string): Promise<void> {
    const { program = USHERD, env = {} } = this.#options;
    const child = spawn(process.execPath, [program, 'serve', '--dir', this.#dir], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    await this.#answers(origin, child);
  }

  async ended(): Promise<number | null> {
    const { child } = this;
    if (child !== undefined && child.exitCode === null && child.signalCode === null)
      await once(child, 'exit');
    return child?.exitCode ?? null;
  }

  async stop(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.ended();
  }

  /** Until the service answers; at most 20 seconds, or until it ends. */
  async #answers(origin: string, child: ChildProcess): Promise<void> {
    const until = Date.now() + 20_000;
    while (Date.now() < until && child.exitCode === null && child.signalCode === null) {
      const alive = await fetch(`${origin}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (alive) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`usherd does not answer:\n${this.output}`);
  }
}
