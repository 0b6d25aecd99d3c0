/**
 * A real sshd on a loopback port, for one test, and real `ssh` to log in to it:
 *
 *     await using server = await startSshd({ authorities: [caLine], principals: { [LOGIN]: ['alice@web1'] } });
 *     const result = await server.login({ agent: agent.socketPath });
 *     expect(result, result.stderr + server.log()).toMatchObject({ code: 0 });
 *
 * It trusts only what is named: no authorized_keys, no passwords, no PAM. The account must exist on the machine; tests that do not run as root can
 * use only their own, which is `LOGIN`.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { writeOpensshPrivateKey } from '../../src/ssh/openssh-key.ts';
import { ed25519FromSeed } from '../../src/ssh/private-key.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { freePort } from './free-port.ts';
import { program } from './parts.ts';
import type { ProgramResult } from './run.ts';
import { run } from './run.ts';

/** What `haveParts` needs for `startSshd`. */
export const SSHD_PARTS = { sshd: 'openssh-server', ssh: 'openssh-client' } as const;

/** The account that logs in when a test names none: the one that runs the tests. */
export const LOGIN: string = userInfo().username;

export interface SshdOptions {
  /** Lines of public keys for TrustedUserCAKeys. */
  readonly authorities: readonly string[];
  /** For each login the lines of its AuthorizedPrincipalsFile. A login without one gets in with no certificate. */
  readonly principals: Readonly<Record<string, readonly string[]>>;
  /** More lines of sshd_config. They stand first, and in sshd the first value of a keyword wins; `Match` blocks go to `matchConfig`. */
  readonly config?: readonly string[];
  /** Lines from the first `Match` on, at the end of the file. */
  readonly matchConfig?: readonly string[];
  /** Given the line of the host's public key, returns the line of its certificate. */
  readonly hostCertificate?: (hostKeyLine: string) => string | Promise<string>;
  /** Contents of RevokedKeys: lines of keys, or a KRL. Without it there is no such file in the configuration. */
  readonly revokedKeys?: string | Uint8Array;
}

export interface LoginOptions {
  /** The login; `LOGIN` when absent. */
  readonly as?: string;
  /** Socket of the agent to use. */
  readonly agent?: string;
  /** Private key file; its certificate is `certificateFile`, or the file's name and `-cert.pub`. */
  readonly identityFile?: string;
  readonly certificateFile?: string;
  /** What to run on the server; `true` when absent. */
  readonly command?: string;
  /** Lines of known_hosts instead of the one with the server's key. */
  readonly knownHosts?: readonly string[];
  /** More arguments of ssh, e.g. `['-A']`, `['-o', 'SecurityKeyProvider=...']`, `['-b', '127.0.0.2']`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Sshd extends AsyncDisposable {
  readonly port: number;
  /** Line of the host's public key, without a host name. */
  readonly hostKeyLine: string;
  /** Logs in with `ssh -F none` and runs a command. `code` 0: it ran; 255: it did not get in (`stderr`, `log()`). */
  login(options: LoginOptions): Promise<ProgramResult>;
  /** The arguments with which `login` calls ssh, for tests that run it themselves (scp, nix, sudo over a pty). */
  sshArguments(options: LoginOptions): Promise<readonly string[]>;
  /** Replaces what is trusted; it holds from the next login on. */
  writeAuthorities(lines: readonly string[]): Promise<void>;
  writePrincipals(login: string, lines: readonly string[]): Promise<void>;
  writeRevokedKeys(contents: string | Uint8Array): Promise<void>;
  /** Everything that sshd has logged, with debug messages: why a login was refused. */
  log(): string;
  /** Resolves when the log contains `text`: sshd may still write when ssh has ended. */
  waitForLog(text: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server and waits until it listens. */
export async function startSshd(options: SshdOptions): Promise<Sshd> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-test-sshd-'));
  try {
    // sshd reads the files of principals as the user who logs in.
    await chmod(directory, 0o755);
    const hostKeyLine = await writeFiles(directory, options);
    const { child, port } = await listen(directory, options);
    return new RunningSshd(directory, port, hostKeyLine, child);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function writeFiles(directory: string, options: SshdOptions): Promise<string> {
  const key = ed25519FromSeed(randomBytes(32));
  const hostKeyLine = formatPublicKeyLine(key.publicKey);
  await writeFile(join(directory, 'host'), writeOpensshPrivateKey(key, '', 1), { mode: 0o600 });
  if (options.hostCertificate !== undefined)
    await writeFile(join(directory, 'host-cert.pub'), `${await options.hostCertificate(hostKeyLine)}\n`);
  await writeFile(join(directory, 'authorities'), lines(options.authorities));
  await mkdir(join(directory, 'principals'));
  for (const [login, principals] of Object.entries(options.principals))
    await writeFile(join(directory, 'principals', login), lines(principals));
  if (options.revokedKeys !== undefined) await writeFile(join(directory, 'revoked'), options.revokedKeys);
  return hostKeyLine;
}

/** A port may be taken by another test between the choice and the start, so this tries a few. */
async function listen(directory: string, options: SshdOptions): Promise<{ child: Logged; port: number }> {
  // The directory for privilege separation, which Debian's service makes; only root needs it.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const penalties = await knowsPenalties(directory);
  let log = '';
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = await freePort();
    await writeFile(join(directory, 'sshd_config'), configuration(directory, port, options, penalties));
    const child = new Logged(
      spawn(program('sshd'), ['-D', '-e', '-f', join(directory, 'sshd_config')], {
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    );
    if (await child.waitFor(`Server listening on 127.0.0.1 port ${port}`)) return { child, port };
    log = child.text;
  }
  throw new Error(`sshd did not start: ${log}`);
}

function configuration(directory: string, port: number, options: SshdOptions, penalties: boolean): string {
  return lines([
    ...(options.config ?? []),
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(directory, 'host')}`,
    ...(options.hostCertificate === undefined ? [] : [`HostCertificate ${join(directory, 'host-cert.pub')}`]),
    `TrustedUserCAKeys ${join(directory, 'authorities')}`,
    `AuthorizedPrincipalsFile ${join(directory, 'principals', '%u')}`,
    ...(options.revokedKeys === undefined ? [] : [`RevokedKeys ${join(directory, 'revoked')}`]),
    'AuthorizedKeysFile none',
    'PidFile none',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    // The files are in a directory of the test, and no account has to be set up for PAM.
    'StrictModes no',
    'UsePAM no',
    'PrintMotd no',
    'LogLevel DEBUG1',
    'MaxStartups 100',
    ...(penalties ? ['PerSourcePenalties no'] : []),
    ...(options.matchConfig ?? []),
  ]);
}

/** Since OpenSSH 9.8 refused logins make sshd close its door for a while; older ones do not know the keyword. */
async function knowsPenalties(directory: string): Promise<boolean> {
  const path = join(directory, 'sshd_config');
  await writeFile(path, lines([`HostKey ${join(directory, 'host')}`, 'PerSourcePenalties no']));
  return (await run(program('sshd'), ['-t', '-f', path])).code === 0;
}

/** A program, and what it wrote to stderr. */
class Logged {
  readonly child: ChildProcess;
  text = '';
  readonly #closed: Promise<unknown>;

  constructor(child: ChildProcess) {
    this.child = child;
    this.#closed = once(child, 'close');
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
    });
  }

  /** @returns false when the program ended without writing it. */
  async waitFor(text: string): Promise<boolean> {
    const ended = this.#closed.then(() => false);
    while (!this.text.includes(text)) {
      const stderr = this.child.stderr;
      if (stderr === null) return false;
      const more = await Promise.race([once(stderr, 'data').then(() => true), ended]);
      if (!more) return this.text.includes(text);
    }
    return true;
  }

  async stop(): Promise<void> {
    this.child.kill();
    // Sessions that still run hold stderr open; a test must not wait for them.
    this.child.stderr?.destroy();
    await this.#closed;
  }
}

class RunningSshd implements Sshd {
  readonly port: number;
  readonly hostKeyLine: string;
  readonly #directory: string;
  readonly #child: Logged;

  constructor(directory: string, port: number, hostKeyLine: string, child: Logged) {
    this.#directory = directory;
    this.port = port;
    this.hostKeyLine = hostKeyLine;
    this.#child = child;
  }

  async login(options: LoginOptions): Promise<ProgramResult> {
    const args = await this.sshArguments(options);
    return run(program('ssh'), [...args, options.command ?? 'true'], { env: { ...options.env } });
  }

  async sshArguments(options: LoginOptions): Promise<readonly string[]> {
    const knownHosts = join(this.#directory, `known_hosts.${randomBytes(6).toString('hex')}`);
    await writeFile(
      knownHosts,
      lines(options.knownHosts ?? [`[127.0.0.1]:${this.port} ${this.hostKeyLine}`]),
    );
    const { identityFile, certificateFile, agent } = options;
    const settings = [
      'BatchMode=yes',
      'ConnectTimeout=20',
      'PreferredAuthentications=publickey',
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${knownHosts}`,
      'GlobalKnownHostsFile=none',
      'UpdateHostKeys=no',
      `IdentityAgent=${agent ?? 'none'}`,
      `IdentityFile=${identityFile ?? 'none'}`,
      ...(identityFile === undefined ? [] : ['IdentitiesOnly=yes']),
      ...(certificateFile === undefined ? [] : [`CertificateFile=${certificateFile}`]),
    ].flatMap((setting) => ['-o', setting]);
    const where = ['-p', `${this.port}`, '-l', options.as ?? LOGIN, '127.0.0.1'];
    return ['-F', 'none', ...settings, ...(options.args ?? []), ...where];
  }

  async writeAuthorities(authorities: readonly string[]): Promise<void> {
    await writeFile(join(this.#directory, 'authorities.new'), lines(authorities));
    await rename(join(this.#directory, 'authorities.new'), join(this.#directory, 'authorities'));
  }

  async writePrincipals(login: string, principals: readonly string[]): Promise<void> {
    await writeFile(join(this.#directory, 'principals', login), lines(principals));
  }

  async writeRevokedKeys(contents: string | Uint8Array): Promise<void> {
    // By rename, as a host must do it: sshd refuses every login while the file is short.
    await writeFile(join(this.#directory, 'revoked.new'), contents);
    await rename(join(this.#directory, 'revoked.new'), join(this.#directory, 'revoked'));
  }

  log(): string {
    return this.#child.text;
  }

  async waitForLog(text: string): Promise<void> {
    if (!(await this.#child.waitFor(text))) throw new Error(`sshd ended without logging "${text}"`);
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
