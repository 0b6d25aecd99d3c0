/** What ssh needs to know to check host certificates: ssh_config(5). */
import { isHostName } from '../policy/names.ts';
import { FleetError } from './error.ts';
import type { NamedHost } from './known-hosts.ts';

export interface TrustFiles {
  /** With the CA keys of hosts. */
  readonly knownHosts: string;
  /** A KRL. While it is missing ssh refuses every host. */
  readonly revokedHostKeys: string;
}

/** The file that ssh itself writes to, when a host has no certificate. */
const OWN_KNOWN_HOSTS = '~/.ssh/known_hosts';
/** ssh expands "%" and "$" in paths, and quotes end at quotes. */
const PATH = /^\/[^\p{Cc}"'\\%$]+$/u;

/** Settings that a host of the fleet is checked by, beside what the person knows of others. @throws FleetError `bad-value` */
export function trustSettings(files: TrustFiles): readonly string[] {
  return [
    // Whoever shows a plain key in the place of a certificate would else only cause a question.
    'StrictHostKeyChecking yes',
    `UserKnownHostsFile ${OWN_KNOWN_HOSTS} ${quoted(files.knownHosts)}`,
    `RevokedHostKeys ${quoted(files.revokedHostKeys)}`,
  ];
}

/**
 * A stanza for each host that is reached by a name which its certificate does not have.
 * @throws FleetError `bad-value`
 */
export function aliasStanzas(hosts: readonly NamedHost[]): readonly string[] {
  return hosts.flatMap((host) => {
    const alias = hostKeyAlias(host);
    return alias === undefined ? [] : [`Host ${checkName(host.name)}`, `    HostKeyAlias ${alias}`];
  });
}

/**
 * Whoever types the roster's name, or connects to another port, gets there by a name that is not in the certificate.
 * @returns undefined where it is.
 * @throws FleetError `bad-value`
 */
export function hostKeyAlias({ name, names }: NamedHost): string | undefined {
  const [first] = names;
  return first === undefined || names.includes(name) ? undefined : checkName(first);
}

/** By which nothing but the certificate of a host counts. @throws FleetError `bad-value` */
export function strictSettings({ name, names }: NamedHost, files: TrustFiles): readonly string[] {
  const [first] = names;
  if (first === undefined) throw new FleetError('bad-value', `the roster knows no name of ${name}`);
  return [
    // Its certificate says this name, whatever name or port it is reached by.
    `HostKeyAlias ${checkName(first)}`,
    'StrictHostKeyChecking yes',
    `UserKnownHostsFile ${quoted(files.knownHosts)}`,
    'GlobalKnownHostsFile /dev/null',
    `RevokedHostKeys ${quoted(files.revokedHostKeys)}`,
  ];
}

/** A stanza for one host. @throws FleetError `bad-value` */
export function formatHostStanza(host: NamedHost, files: TrustFiles): string {
  const patterns = [...new Set([host.name, ...host.names].map(checkName))];
  return [
    '# Usher: put this before other stanzas for the host; ssh takes the first value that it finds.',
    `Host ${patterns.join(' ')}`,
    ...strictSettings(host, files).map((setting) => `    ${setting}`),
    '',
  ].join('\n');
}

function checkName(name: string): string {
  if (!isHostName(name)) throw new FleetError('bad-value', `"${name}" is no name of a host`);
  return name;
}

function quoted(path: string): string {
  if (!PATH.test(path)) throw new FleetError('bad-value', `the path "${path}" can not stand in ssh_config`);
  return `"${path}"`;
}
