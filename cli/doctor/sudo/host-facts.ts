/** The host as `usher export pam` sets it up: what pam-ussh is told there, and which CA keys it reads. Pure. */
import type { FileFact } from '../../../src/pam-ussh/facts.ts';

export interface AssumedHost {
  readonly moduleArguments: readonly string[];
  readonly readFile: (path: string) => FileFact;
}

const CA_FILE = '/etc/ssh/usher/sudo_ca.pub';

/** The plain principal opens every host, unless a host was set up without it. */
export function defaultPrincipals(sudoName: string): readonly string[] {
  return ['sudoer', `sudoer@${sudoName}`];
}

/** @param caFile the text of the file of CA keys. */
export function assumeHost(principals: readonly string[], caFile: string): AssumedHost {
  const bytes = new TextEncoder().encode(caFile);
  return {
    moduleArguments: [`ca_file=${CA_FILE}`, `authorized_principals=${principals.join(',')}`],
    readFile: (path) =>
      path === CA_FILE
        ? { kind: 'bytes', bytes }
        : { kind: 'error', message: `open ${path}: no such file or directory` },
  };
}
