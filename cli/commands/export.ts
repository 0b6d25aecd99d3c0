/** `usher export`: configuration for a host, on stdout; the keeper puts it where it belongs. */
import { Command, Option } from 'commander';
import { formatCaFile } from '../../src/fleet/ca-file.ts';
import type { HostFacts } from '../../src/fleet/host-facts.ts';
import { DEFAULT_DIRECTORY, hostComment } from '../../src/fleet/host-facts.ts';
import { formatNixos } from '../../src/fleet/nixos.ts';
import { formatPam } from '../../src/fleet/pam.ts';
import { formatSshd } from '../../src/fleet/sshd.ts';
import { formatSudoers } from '../../src/fleet/sudoers.ts';
import type { VerifiedBundle } from '../bundle.ts';
import { openEnrolled, refreshBundle, storedBundle } from '../enrolled.ts';
import { UsherCommandError } from '../error.ts';
import { orRefuse } from '../fleet-error.ts';
import { readRoster } from '../roster-file.ts';
import type { Surroundings } from '../surroundings.ts';
import { warn } from '../terminal.ts';

const CA_PURPOSES = ['login', 'sudo', 'host'] as const;

interface HostOptions {
  readonly host: string;
  readonly roster?: string;
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

type NixosOptions = HostOptions & Pick<SudoersOptions, 'noninteractive'> & BundleOptions;

interface CaFileOptions extends BundleOptions, TitleOptions {
  readonly purpose: string;
}

export function exportCommand(surroundings: Surroundings): Command {
  const parts = [pamCommand, sudoersCommand, sshdCommand, nixosCommand, caFileCommand];
  const command = new Command('export').description(
    'print configuration for a host: PAM, sudoers, sshd, NixOS, CA keys',
  );
  for (const make of parts) command.addCommand(make(surroundings));
  return command;
}

function pamCommand(surroundings: Surroundings): Command {
  const command = new Command('pam').description('the lines of /etc/pam.d/sudo');
  return forHost(command).action(async (options: HostOptions) => {
    const facts = await factsOf(options);
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
  return withAuthority(withNoninteractive(forHost(command))).action((options: NixosOptions) =>
    exportNixos(surroundings, options),
  );
}

function caFileCommand(surroundings: Surroundings): Command {
  const purpose = new Option('--purpose <purpose>', 'which').choices([...CA_PURPOSES]).makeOptionMandatory();
  const command = new Command('ca-file').description('the CA keys of one purpose').addOption(purpose);
  return withAuthority(withTitle(command)).action(async (options: CaFileOptions) => {
    const bundle = await bundleOf(surroundings, options);
    write(surroundings, () => title(options.host) + caFile(bundle, options.purpose));
  });
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
  const facts = await factsOf(options);
  const bundle = await bundleOf(surroundings, options);
  const keyless = isKeyless(bundle, 'sudo');
  if (keyless)
    warn(surroundings, 'the CA keys of sudo are people\'s: the host takes them by "usher host trust"');
  const { noninteractive = false } = options;
  write(surroundings, () => {
    const sudoCa = keyless ? {} : { sudoCa: caFile(bundle, 'sudo') };
    return formatNixos({ ...facts, noninteractive, loginCa: caFile(bundle, 'login'), ...sudoCa });
  });
}

async function factsOf({ host, roster, sudoName, everywhere, dir }: HostOptions): Promise<HostFacts> {
  const inRoster = roster === undefined ? undefined : await sudoNameIn(roster, host);
  if (inRoster !== undefined && sudoName !== undefined && sudoName !== inRoster)
    throw new UsherCommandError('usage', `the roster says that the name of ${host} for sudo is ${inRoster}`);
  return { sudoName: inRoster ?? sudoName ?? host, everywhere, directory: dir };
}

async function sudoNameIn(file: string, host: string): Promise<string> {
  const known = (await readRoster(file)).hosts.get(host);
  if (known === undefined) throw new UsherCommandError('usage', `${file} has no host ${host}`);
  return known.sudoName;
}

/** What the authority says now, else what it said last. */
async function bundleOf(surroundings: Surroundings, { authority }: BundleOptions): Promise<VerifiedBundle> {
  const enrolled = await openEnrolled(surroundings, authority);
  try {
    return await refreshBundle(enrolled);
  } catch (error) {
    const stored = storedBundle(enrolled);
    const unreachable = error instanceof UsherCommandError && error.code === 'unreachable';
    if (!unreachable || stored === undefined) throw error;
    warn(surroundings, `${error.message}; these are the CA keys that it had when it was seen last`);
    return stored;
  }
}

/** Hosts that took these from the authority would trust whatever it says, and a keyless CA is there so that they do not. */
function caFile(bundle: VerifiedBundle, purpose: string): string {
  if (isKeyless(bundle, purpose))
    throw new UsherCommandError(
      'usage',
      `the CA keys of ${purpose} are people's, and the authority does not speak for them`,
      {
        hint: 'give the host a statement that one of them signed: usher sudo-ca sign, usher host trust',
      },
    );
  return formatCaFile(bundle.caKeys, purpose);
}

function isKeyless({ caKeys }: VerifiedBundle, purpose: string): boolean {
  return caKeys.some((ca) => ca.purpose === purpose && ca.signer !== undefined);
}
