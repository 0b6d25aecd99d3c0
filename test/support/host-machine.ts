/**
 * A host: a directory with everything that a host has below /etc/ssh and /var/lib, a real sshd on a loopback port that is configured there, and one of
 * the programs that keep it:
 *
 *     await using host = await startHost('web1', { authority, bundleKey, program: 'dash' });
 *     await host.enroll(tokenText);
 *     const result = await host.sync();
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import type { HostProgram, HostProgramFacts, HostProgramKind } from './host-program.ts';
import { hostProgram } from './host-program.ts';
import { program } from './parts.ts';
import type { ProgramResult } from './run.ts';
import { run, runOrThrow } from './run.ts';
import { LOGIN } from './sshd.ts';

/** What `haveParts` needs for `startHost`, beside the programs. */
export const HOST_PARTS = { sshd: 'openssh-server', ssh: 'openssh-client' } as const;

export interface Visitor {
  readonly identityFile: string;
  /** Lines of known_hosts. */
  readonly knownHosts: readonly string[];
}

export interface HostMachine extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** As /etc/ssh/usher. */
  readonly directory: string;
  /** As /var/lib/usher. */
  readonly state: string;
  readonly dropIn: string;
  readonly sshdConfig: string;
  /** Where sshd logs. */
  readonly log: string;
  /** Private keys of the host. */
  readonly keys: readonly string[];
  /** The program, for tests that run it themselves. */
  readonly program: HostProgram;
  enroll(token: string, ...options: readonly string[]): Promise<ProgramResult>;
  /** Fails when it is not done. */
  mustEnroll(token: string): Promise<ProgramResult>;
  sync(...options: readonly string[]): Promise<ProgramResult>;
  syncCommand(...options: readonly string[]): readonly string[];
  enrollCommand(token: string): Promise<readonly string[]>;
  /** A file of `directory`. */
  file(name: string): Promise<string>;
  /** Logs in with `ssh`, strict about the host's key, and runs `true`. */
  visit(visitor: Visitor): Promise<ProgramResult>;
  /** Lets everybody in who has this key, without a certificate. */
  authorize(publicKeyLine: string): Promise<void>;
  /** Tells sshd to read its configuration anew. */
  reload(): Promise<void>;
  /** How often sshd was told to read its configuration anew. */
  reloads(): Promise<number>;
}

const KEY_TYPES = ['ed25519', 'ecdsa'] as const;

interface HostOptions extends Omit<HostProgramFacts, 'directory'> {
  readonly program: HostProgramKind;
  /** Where its files are. */
  readonly parent?: string | undefined;
}

export async function startHost(
  name: string,
  { program: programName, parent = tmpdir(), ...facts }: HostOptions,
): Promise<HostMachine> {
  const root = await mkdtemp(join(parent, `usher-test-${name}-`));
  // sshd reads the files of principals as the user who logs in.
  await chmod(root, 0o755);
  const keys = await makeTree(root);
  const { child, port } = await startSshd(root, keys);
  const kept = await hostProgram(programName, { ...facts, directory: root });
  return new Host(root, { name, port, keys, child, program: kept });
}

async function makeTree(root: string): Promise<readonly string[]> {
  await mkdir(join(root, 'etc/ssh/sshd_config.d'), { recursive: true, mode: 0o755 });
  await mkdir(join(root, 'var/lib'), { recursive: true, mode: 0o755 });
  await writeFile(join(root, 'etc/ssh/authorized_keys'), '');
  return Promise.all(
    KEY_TYPES.map(async (type) => {
      const path = join(root, `etc/ssh/ssh_host_${type}_key`);
      await runOrThrow('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', path]);
      return path;
    }),
  );
}

/** A port may be taken by another test between the choice and the start, so this tries a few. */
async function startSshd(
  root: string,
  keys: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const config = join(root, 'etc/ssh/sshd_config');
  const log = join(root, 'auth.log');
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = await freePort();
    await writeFile(config, configuration(root, port, keys, true));
    if ((await run(program('sshd'), ['-t', '-f', config])).code !== 0)
      await writeFile(config, configuration(root, port, keys, false));
    const child = spawn(program('sshd'), ['-D', '-f', config, '-E', log], { stdio: 'ignore' });
    if (await listens(log, port, child)) return { child, port };
  }
  throw new Error(`sshd did not start: ${await readFile(log, 'utf8')}`);
}

/** @param penalties since OpenSSH 9.8 refused logins make sshd close its door for a while; older ones do not know the keyword. */
function configuration(root: string, port: number, keys: readonly string[], penalties: boolean): string {
  return [
    `Include ${root}/etc/ssh/sshd_config.d/*.conf`,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...keys.map((key) => `HostKey ${key}`),
    `AuthorizedKeysFile ${root}/etc/ssh/authorized_keys`,
    `PidFile ${root}/sshd.pid`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'StrictModes no',
    'UsePAM no',
    'PrintMotd no',
    'LogLevel VERBOSE',
    'MaxStartups 100',
    ...(penalties ? ['PerSourcePenalties no'] : []),
    '',
  ].join('\n');
}

async function listens(log: string, port: number, child: ChildProcess): Promise<boolean> {
  const until = Date.now() + 10_000;
  while (Date.now() < until && child.exitCode === null) {
    const text = await readFile(log, 'utf8').catch(() => '');
    if (text.includes(`Server listening on 127.0.0.1 port ${port}`)) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

/** An sshd that is told to read its configuration anew closes its door for a moment. */
async function ssh(args: readonly string[]): Promise<ProgramResult> {
  const until = Date.now() + 5_000;
  for (;;) {
    const result = await run(program('ssh'), args);
    if (!result.stderr.includes('Connection refused') || Date.now() > until) return result;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface HostFacts {
  readonly name: string;
  readonly port: number;
  readonly keys: readonly string[];
  readonly child: ChildProcess;
  readonly program: HostProgram;
}

class Host implements HostMachine {
  readonly name: string;
  readonly port: number;
  readonly keys: readonly string[];
  readonly program: HostProgram;
  readonly directory: string;
  readonly state: string;
  readonly dropIn: string;
  readonly sshdConfig: string;
  readonly log: string;
  readonly #root: string;
  readonly #child: ChildProcess;
  #files = 0;

  constructor(root: string, { name, port, keys, child, program: kept }: HostFacts) {
    this.name = name;
    this.port = port;
    this.keys = keys;
    this.program = kept;
    this.directory = join(root, 'etc/ssh/usher');
    this.state = join(root, 'var/lib/usher');
    this.dropIn = join(root, 'etc/ssh/sshd_config.d/20-usher.conf');
    this.sshdConfig = join(root, 'etc/ssh/sshd_config');
    this.log = join(root, 'auth.log');
    this.#root = root;
    this.#child = child;
  }

  async enroll(token: string, ...options: readonly string[]): Promise<ProgramResult> {
    return this.#run([...(await this.enrollCommand(token)), ...options], '077');
  }

  async mustEnroll(token: string): Promise<ProgramResult> {
    const result = await this.enroll(token);
    if (result.code !== 0) throw new Error(result.stderr);
    return result;
  }

  async enrollCommand(token: string): Promise<readonly string[]> {
    const tokenFile = this.#place('token');
    await writeFile(tokenFile, token, { mode: 0o600 });
    return [...this.program.enroll(tokenFile), ...this.#options()];
  }

  sync(...options: readonly string[]): Promise<ProgramResult> {
    return this.#run(this.syncCommand(...options));
  }

  syncCommand(...options: readonly string[]): readonly string[] {
    return [...this.program.sync, '--state', this.state, ...options];
  }

  file(name: string): Promise<string> {
    return readFile(join(this.directory, name), 'utf8');
  }

  async visit({ identityFile, knownHosts }: Visitor): Promise<ProgramResult> {
    const known = this.#place('known_hosts');
    await writeFile(known, knownHosts.map((line) => `${line}\n`).join(''));
    const settings = [
      'BatchMode=yes',
      'ConnectTimeout=20',
      'PreferredAuthentications=publickey',
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${known}`,
      'GlobalKnownHostsFile=none',
      'UpdateHostKeys=no',
      `HostKeyAlias=${this.name}`,
      'IdentityAgent=none',
      'IdentitiesOnly=yes',
      `IdentityFile=${identityFile}`,
    ].flatMap((setting) => ['-o', setting]);
    const where = ['-p', `${this.port}`, '-l', LOGIN, '127.0.0.1', 'true'];
    return ssh(['-F', 'none', ...settings, ...where]);
  }

  authorize(publicKeyLine: string): Promise<void> {
    return writeFile(join(this.#root, 'etc/ssh/authorized_keys'), `${publicKeyLine}\n`);
  }

  async reload(): Promise<void> {
    const count = await this.reloads();
    this.#child.kill('SIGHUP');
    while ((await this.reloads()) === count) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async reloads(): Promise<number> {
    return (await readFile(this.log, 'utf8')).split('Received SIGHUP; restarting.').length - 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill();
      await once(this.#child, 'exit');
    }
    await rm(this.#root, { recursive: true, force: true });
  }

  #options(): readonly string[] {
    return [
      ...['--state', this.state, '--dir', this.directory, '--sshd-config', this.sshdConfig],
      ...['--drop-in', this.dropIn, '--auth-log', this.log],
      ...['--reload', `kill -HUP $(cat ${this.#root}/sshd.pid)`],
    ];
  }

  /** By a shell that lets everybody write what it makes, or one that lets nobody read it. */
  #run(command: readonly string[], umask: '0' | '077' = '0'): Promise<ProgramResult> {
    if (this.program.run !== undefined) return this.program.run(command);
    const args = ['-c', `umask ${umask}; exec "$@"`, 'sh', ...command];
    return run('/bin/sh', args, { env: { HOME: this.#root } });
  }

  #place(name: string): string {
    return join(this.#root, `${name}.${++this.#files}`);
  }
}
