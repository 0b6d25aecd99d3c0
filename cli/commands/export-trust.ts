/** `usher export known-hosts` and `ssh-config`: what other machines and accounts check the hosts with. */
import { Command } from 'commander';
import type { NamedHost } from '../../src/fleet/known-hosts.ts';
import { formatKnownHosts } from '../../src/fleet/known-hosts.ts';
import { formatHostStanza } from '../../src/fleet/ssh-config.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import type { VerifiedKnownHosts } from '../authority/known-hosts.ts';
import { ensureKnownHostsFiles } from '../authority/known-hosts-files.ts';
import { loadKnownHosts } from '../authority/load-known-hosts.ts';
import { UsherCommandError } from '../error.ts';
import { orRefuse } from '../hosts/fleet-error.ts';
import type { Surroundings } from '../surroundings.ts';

interface KnownHostsOptions {
  readonly host?: string;
  readonly authority?: string;
}

interface SshConfigOptions {
  readonly host: string;
  readonly authority?: string;
}

export function knownHostsCommand(surroundings: Surroundings): Command {
  return new Command('known-hosts')
    .description('a known_hosts file: the CA keys of hosts, by the names of the hosts')
    .option('--host <name>', 'of this host only')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: KnownHostsOptions) => exportKnownHosts(surroundings, options));
}

export function sshConfigCommand(surroundings: Surroundings): Command {
  return new Command('ssh-config')
    .description('a stanza of ssh_config for one host, by which nothing but its certificate counts')
    .requiredOption('--host <name>', 'the host, by a name of it')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: SshConfigOptions) => exportSshConfig(surroundings, options));
}

async function exportKnownHosts(surroundings: Surroundings, options: KnownHostsOptions): Promise<void> {
  const list = await loadKnownHosts(await openEnrolled(surroundings, options.authority));
  const hosts = options.host === undefined ? list.hosts : [findHost(list, options.host)];
  surroundings.stdout.write(orRefuse(() => formatKnownHosts({ ...list, hosts })));
}

async function exportSshConfig(surroundings: Surroundings, options: SshConfigOptions): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const host = findHost(await loadKnownHosts(enrolled), options.host);
  const files = await ensureKnownHostsFiles(enrolled);
  surroundings.stdout.write(orRefuse(() => formatHostStanza(host, files)));
}

/** @throws UsherCommandError `usage` */
export function findHost({ hosts }: VerifiedKnownHosts, given: string): NamedHost {
  const found = hosts.find(({ name }) => name === given) ?? hosts.find(({ names }) => names.includes(given));
  if (found !== undefined) return found;
  throw new UsherCommandError('usage', `the roster has no host ${given}`, {
    hint: 'name it as the roster does, or by a name that clients use',
  });
}
