import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasAskpass } from '../../cli/agent/askpass.ts';
import { startOwnAgent } from '../../cli/agent/own-agent.ts';
import { loadSettings } from '../../cli/authority/settings.ts';
import { authorityName } from '../../cli/paths.ts';
import { haveParts } from '../support/parts.ts';
import { run } from '../support/run.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Outcome, Person } from './support/person.ts';
import { startPerson } from './support/person.ts';

const now = () => Math.floor(Date.now() / 1000);

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, pgrep: 'procps' }))('an agent of our own', () => {
  let person: Person;
  let liar: Liar;
  let runtime: string;
  let socket: string;

  beforeAll(async () => {
    person = await startPerson();
    liar = await startLiar(now);
  });
  afterAll(async () => {
    await liar[Symbol.asyncDispose]();
    await person[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    runtime = await mkdtemp(join(tmpdir(), 'usher-test-runtime-'));
    socket = join(runtime, 'usher', 'agent');
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, access: ACCESS });
  });
  afterEach(async () => {
    await stopAgents(socket);
    await rm(runtime, { recursive: true, force: true });
  });

  const usher = (args: readonly string[], env: Record<string, string | undefined> = {}): Promise<Outcome> =>
    person.usher([...args, '--authority', authorityName(liar.origin)], {
      env: { XDG_RUNTIME_DIR: runtime, ...env },
    });
  const listed = async () =>
    (await run('ssh-add', ['-l'], { env: { PATH: process.env['PATH'] ?? '', SSH_AUTH_SOCK: socket } }))
      .stdout;
  const agentPids = () => pidsOf(socket);

  async function refused(
    args: readonly string[],
    reason: RegExp,
    env: Record<string, string | undefined> = {},
  ) {
    const touches = person.plugin.questions.length;
    const outcome = await usher(args, env);
    expect(outcome.stderr).toMatch(reason);
    expect(outcome).toMatchObject({ stdout: '' });
    expect(outcome.code).not.toBe(0);
    expect(person.plugin.questions).toHaveLength(touches);
  }

  it('is started at the first login, remembered, and used by every command', async () => {
    const login = await usher(['login', '--own-agent']);
    expect(login, login.stderr).toMatchObject({ code: 0 });
    expect((await stat(join(runtime, 'usher'))).mode & 0o777).toBe(0o700);
    expect(await loadSettings(person.paths, authorityName(liar.origin))).toMatchObject({ ownAgent: true });
    expect(await listed()).toContain('usher login alice@');
    expect(await person.identities()).toEqual([]);
    expect(await agentPids()).toHaveLength(1);

    expect((await usher(['login'])).code).toBe(0);
    expect(await agentPids()).toHaveLength(1);
    expect((await usher(['status'])).stdout).toContain('usher login alice@');
    const doctor = await usher(['doctor', '--json']);
    expect(JSON.parse(doctor.stdout).checks).toContainEqual(
      expect.objectContaining({ id: 'certificate', verdict: 'ok' }),
    );
    expect((await usher(['logout'])).stderr).toContain('the certificate is out of the agent');
    expect(await listed()).toBe('The agent has no identities.\n');
    expect((await usher(['status'])).code).toBe(3);
  });

  it('is left by --no-own-agent, and what was in it is taken out', async () => {
    expect((await usher(['login', '--own-agent'])).code).toBe(0);
    expect((await usher(['login', '--no-own-agent'])).code).toBe(0);
    expect(await listed()).toBe('The agent has no identities.\n');
    expect(await person.identities()).toHaveLength(1);
    expect(await loadSettings(person.paths, authorityName(liar.origin))).toMatchObject({ ownAgent: false });
    expect((await usher(['login', '--own-agent'])).code).toBe(0);
    expect(await person.identities()).toEqual([]);
  });

  it('holds nothing before it runs: that is no error', async () => {
    expect((await usher(['login', '--own-agent'])).code).toBe(0);
    await stopAgents(socket);
    expect(await usher(['status'])).toMatchObject({ code: 3 });
    expect(await usher(['logout'])).toMatchObject({ code: 0 });
    expect((await usher(['login'])).code).toBe(0);
    expect(await listed()).toContain('usher login alice@');
  });

  it('takes the place of one that was killed, whose socket is still there', async () => {
    await startOwnAgent(socket, { PATH: process.env['PATH'] });
    const [first = 0] = await agentPids();
    process.kill(first, 'SIGKILL');
    await expect.poll(agentPids).toEqual([]);
    expect((await stat(socket)).isSocket()).toBe(true);
    await startOwnAgent(socket, { PATH: process.env['PATH'] });
    expect(await agentPids()).toHaveLength(1);
  });

  it('is one, however many commands start it at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => startOwnAgent(socket, { PATH: process.env['PATH'] })));
    expect(await agentPids()).toHaveLength(1);
  });

  it('has no place without XDG_RUNTIME_DIR', async () => {
    for (const directory of [undefined, '', 'relative/directory'])
      await refused(['login', '--own-agent'], /XDG_RUNTIME_DIR is not set.*\n.*hint: .*--no-own-agent/, {
        XDG_RUNTIME_DIR: directory,
      });
    expect((await usher(['login', '--own-agent'])).code).toBe(0);
    await refused(['config', 'ssh'], /XDG_RUNTIME_DIR is not set/, { XDG_RUNTIME_DIR: undefined });
  });

  it('is not started in a directory that others can write', async () => {
    await mkdir(join(runtime, 'usher'), { mode: 0o700 });
    for (const [path, mode] of [[join(runtime, 'usher'), 0o750] as const, [runtime, 0o770] as const]) {
      await chmod(path, mode);
      await refused(['login', '--own-agent'], /is not a directory of yours alone/);
      await chmod(path, 0o700);
    }
  });

  it('is not started in a directory of somebody else', async () => {
    await mkdir(join(runtime, 'usher'), { mode: 0o700 });
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(join(runtime, 'usher'), 65_534, 65_534);
    const foreign = isRoot ? socket : '/usr/lib/agent';
    await expect(startOwnAgent(foreign, {})).rejects.toThrow(/is not a directory of yours alone/);
    expect(await agentPids()).toEqual([]);
  });

  it('is not started through a link', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'usher-test-elsewhere-'));
    await symlink(elsewhere, join(runtime, 'usher'));
    await refused(['login', '--own-agent'], /is not a directory of yours alone/);
    await rm(elsewhere, { recursive: true });
  });

  it('does not take away a file that is no socket', async () => {
    await mkdir(join(runtime, 'usher'), { mode: 0o700 });
    await writeFile(socket, 'mine');
    await refused(['login', '--own-agent'], /is not the socket of an agent/);
    expect(await readFile(socket, 'utf8')).toBe('mine');
  });

  it('is looked for at no place that somebody else made meanwhile', async () => {
    expect((await usher(['login', '--own-agent'])).code).toBe(0);
    await chmod(join(runtime, 'usher'), 0o777);
    await refused(['status'], /is not a directory of yours alone/);
  });

  it('is what config ssh names and forwards, and nothing of the person gets into it', async () => {
    expect((await usher(['login', '--own-agent'])).code).toBe(0);
    const { stdout } = await usher(['config', 'ssh', '--host', 'web1']);
    const config = join(runtime, 'ssh_config');
    await writeFile(config, `${stdout.replace(/ exec ".*"/, '')}\nHost *\n    AddKeysToAgent yes\n`);
    const answer = await run('ssh', ['-G', '-F', config, 'web1'], {
      env: { PATH: process.env['PATH'] ?? '' },
    });
    expect(answer.stdout).toContain(`\nidentityagent ${socket}\n`);
    expect(answer.stdout).toContain(`\nforwardagent ${socket}\n`);
    expect(answer.stdout).toMatch(/\naddkeystoagent (no|false)\n/);
  });

  it('is about the agent, which --key does not use', async () => {
    await refused(['login', '--own-agent', '--key', '/nonexistent'], /--key does not use it/);
  });

  it('asks at each use only where it could ask', async () => {
    await refused(['login', '--own-agent', '--confirm'], /needs a program that asks you/, {
      SSH_ASKPASS: '/nonexistent/askpass',
      DISPLAY: ':0',
    });
    const asked = await usher(['login', '--own-agent', '--confirm'], {
      SSH_ASKPASS: '/bin/true',
      SSH_ASKPASS_REQUIRE: 'force',
    });
    expect(asked, asked.stderr).toMatchObject({ code: 0 });
  });
});

describe('an askpass program', () => {
  it.each<[Record<string, string>, boolean]>([
    [{ SSH_ASKPASS: '/bin/true', DISPLAY: ':0' }, true],
    [{ SSH_ASKPASS: '/bin/true', WAYLAND_DISPLAY: 'wayland-0' }, true],
    [{ SSH_ASKPASS: '/bin/true', SSH_ASKPASS_REQUIRE: 'force' }, true],
    [{ SSH_ASKPASS: '/bin/true', SSH_ASKPASS_REQUIRE: 'never', DISPLAY: ':0' }, false],
    [{ SSH_ASKPASS: '/bin/true', SSH_ASKPASS_REQUIRE: 'prefer' }, false],
    [{ SSH_ASKPASS: '/bin/true' }, false],
    [{ SSH_ASKPASS: '/bin/true', DISPLAY: '' }, false],
    [{ SSH_ASKPASS: '/etc/passwd', DISPLAY: ':0' }, false],
    [{ SSH_ASKPASS: '/nonexistent', DISPLAY: ':0' }, false],
  ])('is there in %j: %s', async (env, expected) => {
    expect(await hasAskpass(env)).toBe(expected);
  });
});

/** The agents that were started for this socket, by their arguments: each test has a socket of its own. */
async function pidsOf(socket: string): Promise<readonly number[]> {
  const { stdout } = await run('pgrep', ['-f', `^ssh-agent -a ${socket}$`]);
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

async function stopAgents(socket: string): Promise<void> {
  for (const pid of await pidsOf(socket)) process.kill(pid);
  await expect.poll(() => pidsOf(socket)).toEqual([]);
}
