/** What `usher` itself costs a person: a whole `usher login` with a plugin that answers at once, and `usher status --quiet`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../test/support/run.ts';
import type { Usherd } from '../test/support/usherd.ts';

export interface CommandTimes {
  /** The whole run less the time that the plugin took. */
  readonly loginMs: number;
  readonly statusQuietMs: number;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const USHER = join(ROOT, 'bin/usher');
const TIMES = 7;

export async function measureCommand(usherd: Usherd): Promise<CommandTimes> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-bench-'));
  const socket = join(directory, 'agent.sock');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  try {
    while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 10));
    return await measureWith(usherd, directory, socket);
  } finally {
    agent.kill();
    await once(agent, 'exit');
    await rm(directory, { recursive: true });
  }
}

async function measureWith(usherd: Usherd, directory: string, socket: string): Promise<CommandTimes> {
  const env = {
    PATH: [join(ROOT, 'demo'), process.env['PATH']].join(delimiter),
    XDG_CONFIG_HOME: directory,
    XDG_STATE_HOME: directory,
    USHER_DEMO_KEY: join(directory, 'key.json'),
    SSH_AUTH_SOCK: socket,
  };
  const [address = ''] = (await usherd.command('invite', 'person0')).stdout.split('\n');
  await writeFile(join(directory, 'address'), address, { mode: 0o600 });
  const usher = (...args: readonly string[]) => run(process.execPath, [USHER, ...args], { env });
  await usher('enroll', '--address-file', join(directory, 'address'), '--with', 'demo');
  const whole = await median(() => usher('login'));
  const question = { type: 'get', challenge: 'AAAA', origin: usherd.origin, rpId: 'localhost' };
  const plugin = join(ROOT, 'demo/usher-authenticator-demo');
  const touch = await median(() => run(plugin, [], { env, input: JSON.stringify(question) }));
  return { loginMs: whole - touch, statusQuietMs: await median(() => usher('status', '--quiet')) };
}

async function median(
  work: () => Promise<{ readonly code: number; readonly stderr: string }>,
): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < TIMES; count += 1) {
    const began = performance.now();
    const { code, stderr } = await work();
    if (code !== 0) throw new Error(stderr);
    times.push(performance.now() - began);
  }
  return Math.round(times.sort((a, b) => a - b)[Math.floor(TIMES / 2)] ?? 0);
}
