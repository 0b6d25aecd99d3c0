/** `usher host enroll`: on a host, as root, once: it gets certificates for its host keys, and everything that it is to trust. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { Command } from 'commander';
import { fileReason } from '../../src/file-reason.ts';
import { FleetError } from '../../src/fleet/error.ts';
import type { TokenFile } from '../../src/fleet/host/token-file.ts';
import { parseTokenFile } from '../../src/fleet/host/token-file.ts';
import { DEFAULT_DIRECTORY } from '../../src/fleet/host-facts.ts';
import { modulePlaces } from '../doctor/host/module.ts';
import { sshdProgram } from '../doctor/host/programs.ts';
import { hostFiles as doctorFiles } from '../doctor/host/real-files.ts';
import { UsherCommandError } from '../error.ts';
import { enrollHost } from '../machine/enroll.ts';
import { whileLocked } from '../machine/lock.ts';
import { machineWith } from '../machine/open.ts';
import { realFiles } from '../machine/real-files.ts';
import type { MachineSettings } from '../machine/settings.ts';
import { AUTO_RELOAD, checkSettings, JOURNAL } from '../machine/settings.ts';
import { hostKeyPaths } from '../machine/sshd.ts';
import { DEFAULT_STATE, MachineState } from '../machine/state.ts';
import type { Surroundings } from '../surroundings.ts';

interface HostEnrollOptions {
  readonly tokenFile: string;
  readonly state: string;
  readonly dir: string;
  readonly hostKey?: readonly string[];
  readonly sshdConfig: string;
  /** false: --no-drop-in. */
  readonly dropIn: string | false;
  readonly reload: string;
  readonly authLog?: string;
  readonly replace?: true;
}

const DEFAULT_DROP_IN = '/etc/ssh/sshd_config.d/20-usher.conf';
const DEFAULT_AUTH_LOG = '/var/log/auth.log';
const JOURNAL_SOCKET = '/run/systemd/journal/socket';
const MODULE = 'pam_ussh.so';

export function hostEnrollCommand(surroundings: Surroundings): Command {
  return new Command('enroll')
    .description('as root on a host: enrol it, once, with the token that usher host invite made')
    .requiredOption('--token-file <file>', 'the token; "-" for stdin')
    .option('--state <path>', 'where the host keeps what only root sees', DEFAULT_STATE)
    .option('--dir <path>', 'where the host keeps CA keys and lists', DEFAULT_DIRECTORY)
    .option('--host-key <file...>', 'private host keys (default: those that sshd uses)')
    .option('--sshd-config <file>', 'what sshd reads', '/etc/ssh/sshd_config')
    .option('--drop-in <file>', 'where the lines for sshd go', DEFAULT_DROP_IN)
    .option('--no-drop-in', 'you write the lines for sshd yourself: usher export sshd')
    .option('--reload <command>', 'reloads sshd; "auto" finds out how', AUTO_RELOAD)
    .option('--auth-log <file>', 'where sshd and sudo log; "journal" for journald (default: what is there)')
    .option('--replace', 'leave the authority that this host is enrolled at for the one of the token')
    .action((options: HostEnrollOptions) => enroll(surroundings, options));
}

async function enroll(surroundings: Surroundings, options: HostEnrollOptions): Promise<void> {
  const token = await readToken(surroundings, options.tokenFile);
  const settings = await settingsFor(surroundings, token, options);
  const machine = await machineWith(surroundings, realFiles, options.state, settings);
  await new MachineState(options.state, realFiles).make();
  await whileLocked(`${options.state}/lock`, () =>
    enrollHost(machine, token.token, { isReplacing: options.replace === true }),
  );
}

async function readToken({ stdin }: Surroundings, file: string): Promise<TokenFile> {
  try {
    return parseTokenFile(file === '-' ? await readStream(stdin) : await readFile(file, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof FleetError ? cause.message : fileReason(cause);
    throw new UsherCommandError('usage', `${file} is no file of a token: ${reason}`, {
      cause,
      hint: 'usher host invite makes one',
    });
  }
}

async function settingsFor(
  surroundings: Surroundings,
  { authority, host, bundleKey }: TokenFile,
  options: HostEnrollOptions,
): Promise<MachineSettings> {
  const sshd = (await sshdProgram()) ?? missingSshd();
  const { sshdConfig } = options;
  const hostKeys = options.hostKey ?? (await existingHostKeys(surroundings, { sshd, sshdConfig }));
  const settings: MachineSettings = {
    ...{ authority, host, bundleKey, directory: options.dir, hostKeys, sshd, sshdConfig },
    ...(options.dropIn === false ? {} : { dropIn: options.dropIn }),
    reload: options.reload,
    authLog: options.authLog ?? (existsSync(JOURNAL_SOCKET) ? JOURNAL : DEFAULT_AUTH_LOG),
    pamUssh: modulePlace(),
  };
  checkOrUsage(settings);
  return settings;
}

function checkOrUsage(settings: MachineSettings): void {
  try {
    checkSettings(settings);
  } catch (cause) {
    if (!(cause instanceof UsherCommandError) && !(cause instanceof FleetError)) throw cause;
    throw new UsherCommandError('usage', cause.message, { cause });
  }
}

async function existingHostKeys(
  surroundings: Surroundings,
  sshd: Pick<MachineSettings, 'sshd' | 'sshdConfig'>,
): Promise<readonly string[]> {
  const paths = (await hostKeyPaths(surroundings, sshd)).filter((path) => existsSync(path));
  if (paths.length > 0) return paths;
  throw new UsherCommandError('key-file', `sshd names no host key that is there (${sshd.sshdConfig})`, {
    hint: 'make them (ssh-keygen -A), or name them: --host-key FILE',
  });
}

/** Where it is, or where it would be looked for. */
function modulePlace(): string {
  const files = doctorFiles('/');
  const places = modulePlaces(files, { path: MODULE });
  return places.find((place) => files.way(place) !== undefined) ?? `/usr/lib/security/${MODULE}`;
}

function missingSshd(): never {
  throw new UsherCommandError('host-file', 'there is no sshd on this host', { hint: 'install OpenSSH' });
}
