/** What the files of one host are made from. Whatever goes into a file is checked here first, by a grammar that no format reads as more than a word. */
import { isHostName, isReservedHost } from '../policy/names.ts';
import { FleetError } from './error.ts';

export interface HostFacts {
  /** The name in `sudoer@<name>`. */
  readonly sudoName: string;
  /** Whether plain `sudoer`, the principal that opens every host, opens this one too. */
  readonly everywhere: boolean;
  /** Where the host keeps what it was told, e.g. /etc/ssh/usher. */
  readonly directory: string;
}

export interface HostFiles {
  readonly loginCa: string;
  readonly sudoCa: string;
  readonly builderCa: string;
  readonly revokedKeys: string;
  readonly revokedBuilderKeys: string;
  readonly sudoDenied: string;
  readonly sudoPrincipals: string;
  /** The directory with one file for each login. */
  readonly principals: string;
}

export const DEFAULT_DIRECTORY = '/etc/ssh/usher';

/** pam-ussh cuts a value at "=", PAM splits at blanks, sshd expands "%": none of these can be in a path. */
const PATH = /^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/;
const MAX_PATH_CHARACTERS = 200;

/** @throws FleetError `bad-value` */
export function hostFiles(directory: string): HostFiles {
  if (!PATH.test(directory) || directory.length > MAX_PATH_CHARACTERS)
    throw new FleetError(
      'bad-value',
      `"${directory}" is no absolute path of A-Z a-z 0-9 . _ - without "." and ".."`,
    );
  return {
    loginCa: `${directory}/login_ca.pub`,
    sudoCa: `${directory}/sudo_ca.pub`,
    builderCa: `${directory}/builder_ca.pub`,
    revokedKeys: `${directory}/revoked_keys`,
    revokedBuilderKeys: `${directory}/revoked_builder_keys`,
    sudoDenied: `${directory}/sudo_denied`,
    sudoPrincipals: `${directory}/sudo_principals`,
    principals: `${directory}/principals`,
  };
}

/** The principals that open sudo on this host, for pam-ussh. @throws FleetError `bad-value` */
export function sudoPrincipals({
  sudoName,
  everywhere,
}: Pick<HostFacts, 'sudoName' | 'everywhere'>): readonly string[] {
  const own = `sudoer@${checkHostName(sudoName)}`;
  return everywhere ? ['sudoer', own] : [own];
}

/** A comment for the top of a file that does not say itself which host it is for. @throws FleetError `bad-value` */
export function hostComment(host: string): string {
  return `# For ${checkHostName(host)}.\n`;
}

/** @throws FleetError `bad-value` */
export function checkHostName(name: string): string {
  if (!isHostName(name) || isReservedHost(name))
    throw new FleetError('bad-value', `"${name}" is no name of a host`);
  return name;
}
