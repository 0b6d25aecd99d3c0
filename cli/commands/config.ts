/** `usher config ssh`: what to put into ~/.ssh/config. */
import { Command } from 'commander';
import type { NamedHost } from '../../src/fleet/known-hosts.ts';
import { noRuntimeDirectory } from '../agent/own-agent.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { ensureKnownHostsFiles, storedKnownHosts } from '../authority/known-hosts-files.ts';
import { orRefuse } from '../hosts/fleet-error.ts';
import { formatStanza, formatTrustStanza } from '../ssh-config.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeData } from '../terminal.ts';

interface ConfigOptions {
  readonly authority?: string;
  readonly host?: readonly string[];
  readonly auto?: boolean;
}

export function configCommand(surroundings: Surroundings): Command {
  const ssh = new Command('ssh')
    .description(
      'print stanzas for ~/.ssh/config: use the certificate while it is valid, and check hosts by theirs',
    )
    .option(
      '--host <pattern...>',
      'for which hosts, as in ssh_config (default: those that you may log in to)',
    )
    .option('--auto', 'let ssh start "usher login" when there is no valid certificate')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: ConfigOptions) => configSsh(surroundings, options));
  return new Command('config').description('print configuration for other programs').addCommand(ssh);
}

async function configSsh(surroundings: Surroundings, options: ConfigOptions): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const { settings, name, agent } = enrolled;
  if (agent.own && agent.socket === undefined) throw noRuntimeDirectory();
  const list = await storedKnownHosts(enrolled);
  const hosts = options.host ?? withNames(settings.access?.hosts ?? ['*'], list?.hosts ?? []);
  const ownAgent = agent.own ? agent.socket : undefined;
  const stanza = { authority: name, origin: settings.origin, hosts, auto: options.auto === true, ownAgent };
  // First the files: ssh refuses every host while one that it is told of is missing.
  const files = await ensureKnownHostsFiles(enrolled);
  const named = (list?.hosts ?? []).filter((host) => hosts.includes(host.name) || hosts.includes('*'));
  writeData(surroundings, formatStanza(stanza));
  const trusted = options.host ?? trustedNames(hosts, list?.hosts ?? []);
  if (trusted.length > 0)
    writeData(
      surroundings,
      orRefuse(() => formatTrustStanza(trusted, named, files)),
    );
  sayWhatElse(surroundings, { hosts, isChosen: options.host !== undefined, isListed: list !== undefined });
}

interface Printed {
  readonly hosts: readonly string[];
  readonly isChosen: boolean;
  readonly isListed: boolean;
}

function sayWhatElse(surroundings: Surroundings, { hosts, isChosen, isListed }: Printed): void {
  if (!isListed) say(surroundings, 'which hosts there are comes with the next usher login');
  if (!isChosen && !hosts.includes('*'))
    say(surroundings, 'groups among these are no names of hosts: name your hosts with --host');
  say(surroundings, 'put this before other stanzas for these hosts: ssh takes the first value it finds');
}

/** Never every host by itself: an authority speaks for the hosts that it has now, and not for all that the person will ever reach. */
function trustedNames(hosts: readonly string[], listed: readonly NamedHost[]): readonly string[] {
  if (!hosts.includes('*')) return hosts;
  return [...new Set(listed.flatMap(({ name, names }) => [name, ...names]))];
}

/** Hosts as the roster names them, and by the names that people type. */
function withNames(hosts: readonly string[], listed: readonly NamedHost[]): readonly string[] {
  return [...new Set(hosts.flatMap((host) => [host, ...namesOf(host, listed)]))];
}

function namesOf(host: string, listed: readonly NamedHost[]): readonly string[] {
  return listed.find(({ name }) => name === host)?.names ?? [];
}
