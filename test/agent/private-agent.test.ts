import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { haveParts } from '../support/parts.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';

const MODULE = new URL('../../src/agent/private-agent.ts', import.meta.url).href;
const SCRIPT = `const { withPrivateAgent } = await import(${JSON.stringify(MODULE)});
  await withPrivateAgent(async () => {}).catch(({ code }) => console.log(code));`;

it.each([
  ['nothing', ''],
  ['0, which is our own process group', '0'],
  ['what is no number', 'Agent pid 7'],
])(
  'an ssh-agent that gives as its process id %s is not started, and nobody is killed for it',
  async (_what, pid) => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-test-private-agent-'));
    try {
      await writeFile(join(directory, 'ssh-agent'), `#!/bin/sh\necho "${pid}"\nexec cat\n`);
      await chmod(join(directory, 'ssh-agent'), 0o755);
      const env = { ...process.env, PATH: `${directory}:${process.env['PATH']}` };
      // A process group of its own: what is killed by mistake is not the test.
      const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], { env, detached: true });
      const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      expect({ output, exitCode }).toEqual({ output: 'not-started\n', exitCode: 0 });
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);

const STUCK = `const { withPrivateAgent } = await import(${JSON.stringify(MODULE)});
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  await withPrivateAgent((_agent, socketPath) => {
    console.log(socketPath);
    return new Promise(() => setInterval(() => {}, 1000));
  });`;

it.runIf(haveParts(SSH_AGENT_PARTS)).each(['SIGINT', 'SIGTERM'] as const)(
  'its directory is gone when the process ends by %s while somebody should touch',
  async (signal) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', STUCK]);
    const [line] = (await once(child.stdout, 'data')) as [Uint8Array];
    const directory = dirname(new TextDecoder().decode(line).trim());
    expect(existsSync(directory)).toBe(true);
    child.kill(signal);
    await once(child, 'exit');
    expect(existsSync(directory)).toBe(false);
  },
);
