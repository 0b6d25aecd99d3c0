/** `usher export`: configuration for a host, and for those that connect to it, on stdout; the keeper puts it where it belongs. */
import { Command, Option } from 'commander';
import type { HostFacts } from '../../src/fleet/host-facts.ts';
import { DEFAULT_DIRECTORY, hostComment } from '../../src/fleet/host-facts.ts';
import { formatNixos } from '../../src/fleet/nixos.ts';
import { formatPam } from '../../src/fleet/pam.ts';
import { formatSshd } from '../../src/fleet/sshd.ts';
import { formatSudoers } from '../../src/fleet/sudoers.ts';
import type { HostProgram } from '../../src/fleet/systemd.ts';
import { formatService, formatTimer } from '../../src/fleet/systemd.ts';
import type { Access } from '../../src/http/contract/access.ts';
import type { Roster } from '../../src/policy/roster.ts';
import { loadSettings } from '../authority/settings.ts';
import { UsherCommandError } from '../error.ts';
import { orRefuse } from '../hosts/fleet-error.ts';
import { caFileText, loadCaKeys } from '../hosts/host-ca-keys.ts';
import { hostScriptText } from '../hosts/host-script.ts';
import { readRoster } from '../hosts/roster-file.ts';
import { knownSudoName } from '../issue/sudo-names.ts';
import { pathsFrom } from '../paths.ts';
import type { Surroundings } from '../surroundings.ts';
import { warn } from '../terminal.ts';
import { knownHostsCommand, sshConfigCommand } from './export-trust.ts';

const CA_PURPOSES = ['login', 'sudo', 'host'] as const;

interface RosterOptions {
  readonly roster?: string;
}

interface HostOptions extends RosterOptions {
  readonly host: string;
  readonly sudoName?: string;
  readonly everywhere: boolean;
  readonly dir: string;
}

interface SudoersOptions {
  readonly noninteractive?: boolean;
  readonly rule?: string;
}

/** Of files that are the same on every host. */
interface TitleOptions {
  readonly host?: string;
}

interface BundleOptions {
  readonly authority?: string;
}

type NixosOptions = HostOptions &
  Pick<SudoersOptions, 'noninteractive'> &
  BundleOptions & { readonly sync?: HostProgram };

interface SystemdOptions {
  readonly unit: 'service' | 'timer';
  readonly program: HostProgram;
  readonly dir: string;
}

interface CaFileOptions extends BundleOptions, TitleOptions, RosterOptions {
  readonly purpose: string;
}

export function exportCommand(surroundings: Surroundings): Command {
  const parts = [
    ...[pamCommand, sudoersCommand, sshdCommand, nixosCommand, caFileCommand],
    ...[hostScriptCommand, systemdCommand, knownHostsCommand, sshConfigCommand],
  ];
  const command = new Command('export').description(
    'print what hosts need (PAM, sudoers, sshd, NixOS, CA keys, the program and timer that sync them), and those that connect to them',
  );
  for (const make of parts) command.addCommand(make(surroundings));
  return command;
}

function pamCommand(surroundings: Surroundings): Command {
  const command = new Command('pam').description('the lines of /etc/pam.d/sudo');
  return forHost(command).action(async (options: HostOptions) => {
    const facts = await factsOf(surroundings, options, await rosterOf(options));
    write(surroundings, () => formatPam(facts));
  });
}

function sudoersCommand(surroundings: Surroundings): Command {
  const command = new Command('sudoers').description('a drop-in for /etc/sudoers.d');
  return withTitle(withNoninteractive(command))
    .option('--rule <who>', 'also a rule: this login, or % and a group, may do anything')
    .action(({ noninteractive = false, rule, host }: SudoersOptions & TitleOptions) =>
      write(
        surroundings,
        () => title(host) + formatSudoers({ noninteractive, ...(rule === undefined ? {} : { rule }) }),
      ),
    );
}

function sshdCommand(surroundings: Surroundings): Command {
  const command = new Command('sshd').description('a drop-in for /etc/ssh/sshd_config.d');
  return withTitle(withDirectory(command)).action(({ dir, host }: { readonly dir: string } & TitleOptions) =>
    write(surroundings, () => title(host) + formatSshd(dir)),
  );
}

function nixosCommand(surroundings: Surroundings): Command {
  const command = new Command('nixos').description('all of these as a NixOS module');
  const sync = new Option('--sync <program>', 'with the timer by which this program keeps the host');
  return withAuthority(withNoninteractive(forHost(command)))
    .addOption(sync.choices(['usher', 'script']))
    .action((options: NixosOptions) => exportNixos(surroundings, options));
}

function caFileCommand(surroundings: Surroundings): Command {
  const purpose = new Option('--purpose <purpose>', 'which').choices([...CA_PURPOSES]).makeOptionMandatory();
  const command = new Command('ca-file')
    .description('the CA keys of one purpose')
    .addOption(purpose)
    .option('--roster <file>', 'the roster: where it has a sudo_ca, the authority is not asked for one');
  return withAuthority(withTitle(command)).action(async (options: CaFileOptions) => {
    const keys = await loadCaKeys(surroundings, options.authority, await rosterOf(options));
    write(surroundings, () => title(options.host) + caFileText(keys, options.purpose));
  });
}

function hostScriptCommand(surroundings: Surroundings): Command {
  const command = new Command('host-script').description(
    'a program in POSIX sh that enrols and syncs a host without Node',
  );
  return withAuthority(command).action(async ({ authority }: BundleOptions) => {
    surroundings.stdout.write(await hostScriptText(surroundings, authority));
  });
}

function systemdCommand(surroundings: Surroundings): Command {
  const unit = new Option('--unit <unit>', 'which').choices(['service', 'timer']).makeOptionMandatory();
  const program = new Option('--program <program>', 'what syncs the host').choices(['usher', 'script']);
  const command = new Command('systemd')
    .description('a unit of systemd by which a host is synced every few minutes')
    .addOption(unit)
    .addOption(program.default('usher'));
  return withDirectory(command).action(({ unit, program, dir }: SystemdOptions) =>
    write(surroundings, () =>
      unit === 'timer' ? formatTimer() : formatService({ program, directory: dir }),
    ),
  );
}

function forHost(command: Command): Command {
  return withDirectory(command)
    .requiredOption('--host <name>', 'the host, as the roster names it')
    .option('--roster <file>', 'the roster, which knows the name of the host for sudo')
    .option('--sudo-name <name>', 'the name of the host for sudo (default: that of the host)')
    .option('--no-everywhere', 'do not let certificates in that are for every host');
}

function withDirectory(command: Command): Command {
  return command.option('--dir <path>', 'where the host keeps CA keys and lists', DEFAULT_DIRECTORY);
}

function withNoninteractive(command: Command): Command {
  return command.option('--noninteractive', 'let "sudo -n" use certificates, as Ansible does');
}

function withAuthority(command: Command): Command {
  return command.option(
    '--authority <name>',
    'the host of the authority, if not the default one ($USHER_AUTHORITY)',
  );
}

function withTitle(command: Command): Command {
  return command.option('--host <name>', 'name this host in the first line');
}

/** Nothing is printed of a file that can not be made whole. */
function write({ stdout }: Surroundings, format: () => string): void {
  stdout.write(orRefuse(format));
}

function title(host: string | undefined): string {
  return host === undefined ? '' : hostComment(host);
}

async function exportNixos(surroundings: Surroundings, options: NixosOptions): Promise<void> {
  const roster = await rosterOf(options);
  const facts = await factsOf(surroundings, options, roster);
  const keys = await loadCaKeys(surroundings, options.authority, roster);
  const keyless = keys.keyless.has('sudo');
  if (keyless)
    warn(surroundings, 'the CA keys of sudo are people\'s: the host takes them by "usher host trust"');
  const { noninteractive = false, sync } = options;
  write(surroundings, () => {
    const sudoCa = keyless ? {} : { sudoCa: caFileText(keys, 'sudo') };
    const files = { loginCa: caFileText(keys, 'login'), ...sudoCa };
    return formatNixos({ ...facts, noninteractive, ...files, ...(sync === undefined ? {} : { sync }) });
  });
}

async function rosterOf({ roster }: RosterOptions): Promise<Roster | undefined> {
  return roster === undefined ? undefined : readRoster(roster);
}

async function factsOf(
  surroundings: Surroundings,
  options: HostOptions & BundleOptions,
  roster: Roster | undefined,
): Promise<HostFacts> {
  const { host, sudoName, everywhere, dir } = options;
  const known = roster?.hosts.get(host);
  if (roster !== undefined && known === undefined)
    throw new UsherCommandError('usage', `${options.roster} has no host ${host}`);
  const inRoster = known?.sudoName;
  if (inRoster !== undefined && sudoName !== undefined && sudoName !== inRoster)
    throw new UsherCommandError('usage', `the roster says that the name of ${host} for sudo is ${inRoster}`);
  const name = inRoster ?? sudoName ?? (await toldSudoName(surroundings, options));
  return { sudoName: name, everywhere, directory: dir };
}

/** A host with the name of another one would take the other one's certificates: that it is guessed, or hearsay, is said. */
async function toldSudoName(
  surroundings: Surroundings,
  { host, authority }: HostOptions & BundleOptions,
): Promise<string> {
  const told = knownSudoName(await toldAccess(surroundings, authority), host);
  if (told === undefined) warn(surroundings, `without --roster the name for sudo is taken to be ${host}`);
  else if (told !== host)
    warn(
      surroundings,
      `without --roster the name of ${host} for sudo is ${told}, as the authority said last`,
    );
  return told ?? host;
}

async function toldAccess({ env }: Surroundings, authority: string | undefined): Promise<Access | undefined> {
  try {
    return (await loadSettings(pathsFrom(env), authority ?? env['USHER_AUTHORITY'])).access;
  } catch (error) {
    if (error instanceof UsherCommandError) return undefined;
    throw error;
  }
}
