/** A person with files and an agent of their own at a real `usherd`; the command is the real `bin/usher`, in a process of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProgramResult } from '../../support/run.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import { SK_DUMMY, startSshAgent } from '../../support/ssh-agent.ts';
import type { Usherd } from '../../support/usherd.ts';

const USHER = fileURLToPath(new URL('../../../bin/usher', import.meta.url));

export interface Terminal extends AsyncDisposable {
  readonly home: string;
  readonly agent: SshAgent;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `usher ARGS`. */
  readonly usher: (...args: readonly string[]) => Promise<ProgramResult>;
  readonly usherWith: (
    args: readonly string[],
    options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string },
  ) => Promise<ProgramResult>;
  /** The agent's identities, as `ssh-add -l` prints them. */
  readonly identities: () => Promise<string>;
}

/** @param path directories in front of PATH. */
export async function openTerminal(...path: readonly string[]): Promise<Terminal> {
  const home = await mkdtemp(join(tmpdir(), 'usher-test-home-'));
  const agent = await startSshAgent();
  const env = {
    PATH: [...path, process.env['PATH'] ?? ''].join(':'),
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_STATE_HOME: join(home, 'state'),
    XDG_CACHE_HOME: join(home, 'cache'),
    SSH_AUTH_SOCK: agent.socketPath,
    SSH_SK_PROVIDER: '',
    SSH_CONNECTION: '',
    BROWSER: '',
    DISPLAY: '',
    WAYLAND_DISPLAY: '',
  };
  const usherWith: Terminal['usherWith'] = (args, options) =>
    run(process.execPath, [USHER, ...args], {
      env: { ...env, ...options.env },
      cwd: home,
      ...(options.input === undefined ? {} : { input: options.input }),
    });
  return {
    ...{ home, agent, env, usherWith },
    usher: (...args) => usherWith(args, {}),
    identities: async () => (await run('ssh-add', ['-l'], { env })).stdout,
    [Symbol.asyncDispose]: async () => {
      await agent.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Writes an invite's address to a file, as a keeper would hand it over. @returns the file. */
export async function inviteFile(usherd: Usherd, terminal: Terminal, person: string): Promise<string> {
  const { code, stdout, stderr } = await usherd.command('invite', person);
  if (code !== 0) throw new Error(stderr);
  const file = join(terminal.home, 'invite');
  await writeFile(file, stdout, { mode: 0o600 });
  return file;
}

/** A security key in software by OpenSSH. Its counter never grows, so each is good for one touch. @returns its file. */
export async function makeSecurityKey(
  terminal: Terminal,
  name: string,
  type = 'ed25519-sk',
): Promise<string> {
  const file = join(terminal.home, name);
  await runOrThrow('ssh-keygen', ['-q', '-t', type, '-N', '', '-w', SK_DUMMY, '-f', file]);
  return file;
}

export interface RosterOptions {
  readonly securityKeys?: readonly string[];
  readonly userVerification?: 'required';
}

/** `alice` may log in to web1 and to the group web, as these accounts; web2 is nobody's. */
export function rosterFor(logins: readonly string[], options: RosterOptions = {}): string {
  const { securityKeys = [], userVerification } = options;
  const keys = securityKeys.length === 0 ? '' : `    security_keys: ${JSON.stringify(securityKeys)}\n`;
  const touch =
    userVerification === undefined ? '' : `    touch: { user_verification: ${userVerification} }\n`;
  return `people:
  alice:
    logins: ${JSON.stringify(logins)}
    roles: [engineer]
${keys}roles:
  engineer:
${touch}    login:
      hosts: [web1, web]
      lifetime: 20h
      max_lifetime: 24h
hosts:
  web1: { names: [web1.example.org], groups: [web] }
  web2: { names: [web2.example.org] }
`;
}
