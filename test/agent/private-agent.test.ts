import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

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
