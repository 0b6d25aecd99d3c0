/** The arguments of the line `auth … pam_ussh.so …`, as pam-ussh understands them, which is often not as they are meant. */
import type { FileFact } from './facts.ts';
import type { Finding } from './finding.ts';

export interface ModuleOptions {
  readonly caFile: string;
  /** Empty when it is not set. Never set it: who is NOT a member passes without any check. */
  readonly group: string;
  /** Name -> where it was configured (`authorized_principals` or the path of a file). Empty: any certificate with the user's name passes. */
  readonly principals: ReadonlyMap<string, string>;
  readonly log: readonly string[];
  readonly findings: readonly Finding[];
  /** Why pam-ussh comes no further than this line; undefined when it does. */
  readonly stop: 'panic' | 'refused' | undefined;
}

export const DEFAULT_CA_FILE = '/etc/ssh/trusted_user_ca';

export function readModuleOptions(
  _moduleArguments: readonly string[],
  _readFile: (path: string) => FileFact,
): ModuleOptions {
  throw new TypeError('not built yet');
}
