/** `usher config ssh`: what to put into ~/.ssh/config. */
import { Command } from 'commander';
import { noRuntimeDirectory } from '../agent/own-agent.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { formatStanza } from '../ssh-config.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeData } from '../terminal.ts';

interface ConfigOptions {
  readonly authority?: string;
  readonly host?: readonly string[];
  readonly auto?: boolean;
}

export function configCommand(surroundings: Surroundings): Command {
  const ssh = new Command('ssh')
    .description('print a stanza for ~/.ssh/config that uses the certificate while it is valid')
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
  const { settings, name, agent } = await openEnrolled(surroundings, options.authority);
  if (agent.own && agent.socket === undefined) throw noRuntimeDirectory();
  const hosts = options.host ?? settings.access?.hosts ?? ['*'];
  const ownAgent = agent.own ? agent.socket : undefined;
  const stanza = { authority: name, origin: settings.origin, hosts, auto: options.auto === true, ownAgent };
  writeData(surroundings, formatStanza(stanza));
  if (options.host === undefined && !hosts.includes('*'))
    say(surroundings, 'groups among these are no names of hosts: name your hosts with --host');
  say(surroundings, 'put this before other stanzas for these hosts: ssh takes the first value it finds');
}
