/**
 * Real sudo with PAM lines of the test's own, for a user that exists only as long as the test:
 *
 *     await using place = await openSudo({ authorities: [caLine], pam: exportedLines });
 *     await using agent = await place.startAgent();              // put certificates in, as root, through AgentConnection
 *     const result = await place.sudo({ agent: agent.socketPath });
 *     expect(result, result.reason).toMatchObject({ code: 0, stdout: 'root\n' });
 *
 * The user has PAM services (the second one for `sudo -i`) and a sudoers file of its own, so nothing of the machine's own sudo changes. Lines are written as they are exported for
 * hosts: `/etc/ssh/usher/` in them becomes `place.directory`, and `Defaults` of sudoers become the user's own. Behind the given `auth` lines stands
 * `pam_deny`. `place.write('sudo_denied', …)` changes files there; everything holds from the next sudo on, and is gone when the test is over.
 */
import { existsSync, readdirSync } from 'node:fs';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_DIRECTORY } from '../../src/fleet/host-facts.ts';
import { formatPam } from '../../src/fleet/pam.ts';
import { formatSudoers } from '../../src/fleet/sudoers.ts';
import { haveParts, program } from './parts.ts';
import type { ProgramResult } from './run.ts';
import { run, runOrThrow } from './run.ts';
import type { SshAgent } from './ssh-agent.ts';
import { SSH_AGENT_PARTS, startSshAgent } from './ssh-agent.ts';
import type { LoginOptions, Sshd } from './sshd.ts';
import type { SudoLog } from './sudo-log.ts';
import { LOG_PARTS, openLog } from './sudo-log.ts';
import type { SudoUser } from './sudo-user.ts';
import { addUser, kill, loginService, pamFile, removeUser, sudoersDraft, sudoersFile } from './sudo-user.ts';

const MODULE = 'pam_ussh.so';
const SUDO_PARTS = {
  sudo: 'sudo',
  visudo: 'sudo',
  useradd: 'passwd',
  setpriv: 'util-linux',
  script: 'bsdutils',
};
/** pam-ussh waits for a silent agent for ever. */
const PATIENCE_MS = 15_000;

/** As `usher export pam --host web1` prints them. */
export const PAM_LINES: readonly string[] = formatPam({
  sudoName: 'web1',
  everywhere: true,
  directory: DEFAULT_DIRECTORY,
}).split('\n');

export const SUDOERS_LINES: readonly string[] = formatSudoers({ noninteractive: false }).split('\n');

export interface SudoOptions {
  /** Lines of public keys for sudo_ca.pub. */
  readonly authorities: readonly string[];
  /** `auth` lines and comments; `PAM_LINES` when absent. */
  readonly pam?: readonly string[];
  /** Lines of sudoers besides the rule for the user; those of `usher export sudoers` when absent. */
  readonly sudoers?: readonly string[];
}

export interface SudoRun {
  /** Socket of the agent; none when absent. With `over` it is the one that logs in and is forwarded. */
  readonly agent?: string;
  /** Log in to this sshd as the user, and call sudo there. */
  readonly over?: Sshd;
  /** The file of the key that logs in, its certificate beside it; without it the agent does. */
  readonly identityFile?: string;
  /** More arguments of ssh. `-A` is there unless `forward` is false. */
  readonly sshArgs?: readonly string[];
  readonly forward?: boolean;
  /** Arguments of sudo, e.g. `['-n']`. */
  readonly args?: readonly string[];
  /** What root's shell runs; `id -un` when absent. */
  readonly command?: string;
  readonly pty?: boolean;
  /** More environment for sudo, when it is not called over ssh. */
  readonly env?: Readonly<Record<string, string>>;
  /** In milliseconds; then sudo is killed, and `hung` is true. */
  readonly patience?: number;
}

export interface SudoResult extends ProgramResult {
  readonly hung: boolean;
  /** What pam-ussh said to syslog; undefined when another program listens there, and when ssh did not get in. */
  readonly log: readonly string[] | undefined;
  /** For the message of a failing test. */
  readonly reason: string;
}

export interface Sudo extends AsyncDisposable {
  readonly user: string;
  readonly uid: number;
  readonly directory: string;
  readonly home: string;
  /** An agent of the user; ssh-agent also lets root in. */
  startAgent(env?: Readonly<Record<string, string>>): Promise<SshAgent>;
  sudo(options?: SudoRun): Promise<SudoResult>;
  /** Runs any program as the user, in an environment of `env` alone. */
  asUser(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ProgramResult>;
  /** Writes a file into the directory; everybody can read it. @returns its path. */
  write(name: string, contents: string | Uint8Array): Promise<string>;
  remove(name: string): Promise<void>;
  /** @param login those for `sudo -i`; the same when absent. */
  writePam(lines: readonly string[], login?: readonly string[]): Promise<void>;
  /** With the rule that lets the user do everything, unless `rule` is false. */
  writeSudoers(lines: readonly string[], rule?: boolean): Promise<void>;
}

/** Whether tests with real sudo can run. pam-ussh is in no distribution, so that its absence is no failure anywhere. */
export function haveSudo(): boolean {
  if (findModule() === undefined) {
    console.warn(`\n*** SKIPPED *** missing: ${MODULE}, where PAM looks or named by USHER_PAM_USSH_SO\n`);
    return false;
  }
  if (process.getuid?.() !== 0) {
    if (process.env['CI'] !== undefined) throw new Error('tests with real sudo need root');
    console.warn('\n*** SKIPPED *** tests with real sudo need root\n');
    return false;
  }
  return haveParts({ ...SUDO_PARTS, ...LOG_PARTS, ...SSH_AGENT_PARTS });
}

/** What to write in PAM lines: a full path when the module is not where PAM looks. */
export function findModule(): string | undefined {
  const named = process.env['USHER_PAM_USSH_SO'];
  if (named !== undefined) return existsSync(named) ? named : undefined;
  const multiarch = readdirSync('/usr/lib').filter((name) => name.includes('-linux-'));
  const places = [
    '/usr/lib/security',
    '/usr/lib64/security',
    ...multiarch.map((name) => `/usr/lib/${name}/security`),
  ];
  return places.some((place) => existsSync(join(place, MODULE))) ? MODULE : undefined;
}

export async function openSudo(options: SudoOptions): Promise<Sudo> {
  const user = await addUser();
  let log: SudoLog | undefined;
  try {
    log = await openLog();
    const place = new Place(user, log);
    await place.write('sudo_ca.pub', lines(options.authorities));
    await place.write('sudo_denied', '');
    await place.writePam(options.pam ?? PAM_LINES);
    await place.writeSudoers(options.sudoers ?? SUDOERS_LINES);
    return place;
  } catch (error) {
    await log?.close();
    await removeUser(user.name);
    throw error;
  }
}

class Place implements Sudo {
  readonly user: string;
  readonly uid: number;
  readonly directory: string;
  readonly home: string;
  readonly #ids: SudoUser;
  readonly #log: SudoLog | undefined;
  readonly #agents: SshAgent[] = [];
  #runs = 0;

  constructor(user: SudoUser, log: SudoLog | undefined) {
    this.user = user.name;
    this.uid = user.uid;
    this.directory = user.directory;
    this.home = user.home;
    this.#ids = user;
    this.#log = log;
  }

  async startAgent(env: Readonly<Record<string, string>> = {}): Promise<SshAgent> {
    const agent = await startSshAgent({ env, owner: this.#ids });
    this.#agents.push(agent);
    return agent;
  }

  async sudo(options: SudoRun = {}): Promise<SudoResult> {
    const pidFile = join(this.home, `pid-${++this.#runs}`);
    const size = (await this.#log?.size()) ?? 0;
    const running = this.#start(options, script(pidFile, options));
    const hung = await this.#endInTime(running, pidFile, options.patience ?? PATIENCE_MS);
    const result = await running;
    const pid = await readPid(pidFile);
    const log = pid === undefined ? undefined : await this.#log?.since(size, `pam-ussh[${pid}]: `);
    return { ...result, hung, log, reason: [result.stderr, ...(log ?? [])].join('\n') };
  }

  #start(options: SudoRun, text: string): Promise<ProgramResult> {
    const { over, agent, pty = false, env = {} } = options;
    if (over !== undefined) return over.login({ as: this.user, command: text, ...sshOptions(options) });
    const args = pty ? [program('script'), '-qec', text, '/dev/null'] : ['/bin/sh', '-c', text];
    return this.asUser(args, { ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent }), ...env });
  }

  /** A sudo that waits for its agent blocks all other signals, so a time limit of `run` or of ssh would end only the others. */
  async #endInTime(running: Promise<ProgramResult>, pidFile: string, patience: number): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<true>();
    const timer = setTimeout(() => resolve(true), patience);
    const hung = await Promise.race([running.then(() => false), late]);
    clearTimeout(timer);
    const pid = hung ? await readPid(pidFile) : undefined;
    if (pid !== undefined) kill(pid);
    return hung;
  }

  asUser(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ProgramResult> {
    const { name, uid, gid, home } = this.#ids;
    const all = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', HOME: home, USER: name, LOGNAME: name, ...env };
    const assignments = Object.entries(all).map(([key, value]) => `${key}=${value}`);
    const become = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups'];
    return run(program('setpriv'), [...become, 'env', '-i', ...assignments, ...args], { cwd: home });
  }

  async write(name: string, contents: string | Uint8Array): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, contents);
    await chmod(path, 0o644);
    return path;
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.directory, name), { force: true });
  }

  async writePam(auth: readonly string[], login = auth): Promise<void> {
    await this.#writeService(this.user, auth);
    await this.#writeService(loginService(this.user), login);
  }

  async #writeService(service: string, auth: readonly string[]): Promise<void> {
    const here = auth.map((line) =>
      line.replaceAll(`${DEFAULT_DIRECTORY}/`, `${this.directory}/`).replace(MODULE, findModule() ?? MODULE),
    );
    const rest = [
      'auth required pam_deny.so',
      'account required pam_permit.so',
      'session required pam_permit.so',
    ];
    await writeFile(pamFile(service), lines([...here, ...rest]), { mode: 0o644 });
  }

  /** Checked before sudo sees it: a mistake in one file of sudoers is one for everybody on the machine. */
  async writeSudoers(given: readonly string[], rule = true): Promise<void> {
    const own = given.map((line) => line.replace(/^Defaults\s/, `Defaults:${this.user} `));
    const settings = [
      ...[`pam_service=${this.user}`, `pam_login_service=${loginService(this.user)}`],
      // One try, so that each reason is logged once; and no mail about it.
      ...['passwd_tries=1', '!mail_badpass', '!mail_no_user'],
    ].map((setting) => `Defaults:${this.user} ${setting}`);
    const draft = sudoersDraft(this.user);
    await writeFile(
      draft,
      lines([...own, ...settings, ...(rule ? [`${this.user} ALL=(ALL:ALL) ALL`] : [])]),
      { mode: 0o440 },
    );
    await runOrThrow(program('visudo'), ['-c', '-f', draft]);
    await rename(draft, sudoersFile(this.user));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents) await agent.stop();
    await this.#log?.close();
    await removeUser(this.user);
  }
}

function sshOptions(options: SudoRun): LoginOptions {
  const { agent, identityFile, forward = true, sshArgs = [], pty = false } = options;
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(identityFile === undefined ? {} : { identityFile }),
    args: [...(forward ? ['-A'] : []), ...(pty ? ['-tt'] : []), ...sshArgs],
  };
}

/**
 * What the user's shell runs. It notes which process becomes sudo. The command of root lasts a moment: pam-ussh's threads
 * may take the signal that it has ended, and sudo would wait for ever when that is before it listens for it.
 */
function script(pidFile: string, { args = [], command = 'id -un' }: SudoRun): string {
  const words = [program('sudo'), ...args, 'sh', '-c', `sleep 0.2; ${command}`];
  return `echo $$ > ${quoted(pidFile)}; exec ${words.map(quoted).join(' ')}`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The process that is or was sudo; undefined when it never came to that. */
async function readPid(pidFile: string): Promise<number | undefined> {
  const text = await readFile(pidFile, 'utf8').catch(() => '');
  return text === '' ? undefined : Number(text);
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
