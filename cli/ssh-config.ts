/** The stanzas of ssh_config(5) that make `ssh` look for our certificate first, and check hosts by theirs. Pure. */
import type { NamedHost } from '../src/fleet/known-hosts.ts';
import type { TrustFiles } from '../src/fleet/ssh-config.ts';
import { aliasStanzas, trustSettings } from '../src/fleet/ssh-config.ts';
import { UsherCommandError } from './error.ts';

interface Stanza {
  readonly authority: string;
  readonly origin: string;
  /** Patterns as in ssh_config: names, `*` and `?`. */
  readonly hosts: readonly string[];
  /** Whether `ssh` may start `usher login` when there is no valid certificate. */
  readonly auto: boolean;
  /** The socket of an agent that holds our keys only: that one is forwarded, with nothing of the person's in it. */
  readonly ownAgent?: string | undefined;
}

const PATTERN = /^!?[A-Za-z0-9*?][A-Za-z0-9.*?:_-]*$/;
/** What ssh_config takes as it stands: it would expand "%" and "$", and split at blanks. */
const SOCKET = /^\/[A-Za-z0-9._/-]+$/;
/** What stands in a command that a shell runs: nothing that it would read as more than a word. */
const WORD = /^[A-Za-z0-9.:[\]-]+$/;

/** @throws UsherCommandError `usage` for a pattern that ssh_config would read as something else. */
export function formatStanza({ authority, origin, hosts, auto, ownAgent }: Stanza): string {
  checkPatterns(hosts);
  if (!WORD.test(authority))
    throw new UsherCommandError('usage', `"${authority}" can not stand in a shell command`);
  const quiet = `usher status --quiet --authority ${authority}`;
  const command = auto ? `${quiet} || usher login --authority ${authority}` : quiet;
  return [
    `# Certificates of ${origin}: ssh offers the one in your agent.`,
    `Match host ${hosts.join(',')} exec "${command}"`,
    '    PubkeyAuthentication yes',
    '    PreferredAuthentications publickey',
    // A person's "IdentitiesOnly yes" for all hosts would keep certificates in the agent from being offered.
    '    IdentitiesOnly no',
    ...(ownAgent === undefined ? ['    IdentityAgent SSH_AUTH_SOCK'] : ownAgentLines(ownAgent)),
  ].join('\n');
}

/**
 * Also while there is no certificate to log in with: who a host is does not depend on it.
 * @param named of the authority's list, for those that are reached by another name than their certificates have
 * @throws UsherCommandError `usage`; FleetError `bad-value`
 */
export function formatTrustStanza(
  patterns: readonly string[],
  named: readonly NamedHost[],
  files: TrustFiles,
): string {
  checkPatterns(patterns);
  return [
    ...aliasStanzas(named),
    '# Hosts show certificates: nobody compares fingerprints.',
    `Host ${patterns.join(' ')}`,
    ...trustSettings(files).map((setting) => `    ${setting}`),
  ].join('\n');
}

function checkPatterns(patterns: readonly string[]): void {
  for (const pattern of patterns)
    if (!PATTERN.test(pattern))
      throw new UsherCommandError('usage', `"${pattern}" is no host pattern of ssh_config`);
}

function ownAgentLines(socket: string): readonly string[] {
  if (!SOCKET.test(socket))
    throw new UsherCommandError('usage', `the path "${socket}" can not stand in ssh_config`);
  return [
    `    IdentityAgent ${socket}`,
    `    ForwardAgent ${socket}`,
    // A person's "AddKeysToAgent yes" would put their own keys into the agent that is forwarded.
    '    AddKeysToAgent no',
  ];
}
