/** Where the command keeps its files (XDG Base Directory Specification). Nothing there is a secret. */

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export interface Paths {
  /** One file for each authority that the person is enrolled at. */
  readonly authorities: string;
  /** The name of the authority that is meant when none is named. */
  readonly defaultAuthority: string;
  /** What was seen last of each authority: its bundle and its checkpoint; below it, what ssh checks hosts with. */
  readonly state: string;
}

export function pathsFrom(env: Readonly<Record<string, string | undefined>>): Paths {
  const home = env['HOME'] ?? homedir();
  const config = join(directory(env['XDG_CONFIG_HOME'], join(home, '.config')), 'usher');
  return {
    authorities: join(config, 'authorities'),
    defaultAuthority: join(config, 'default-authority'),
    state: join(directory(env['XDG_STATE_HOME'], join(home, '.local', 'state')), 'usher'),
  };
}

/** What ssh checks the hosts of one authority with. */
export interface KnownHostsPaths {
  readonly knownHosts: string;
  /** While it is missing ssh refuses every host that is checked with it. */
  readonly revokedHostKeys: string;
  /** The signed list that both were made from. */
  readonly statement: string;
}

/** @param name of the authority */
export function knownHostsPaths({ state }: Paths, name: string): KnownHostsPaths {
  const path = (file: string) => join(state, name, file);
  return {
    knownHosts: path('known_hosts'),
    revokedHostKeys: path('revoked_host_keys'),
    statement: path('known_hosts.json'),
  };
}

/** The name of an authority: its host, with the port where there is one. It is a file's name too. */
export function authorityName(origin: string): string {
  return new URL(origin).host;
}

/** The specification: relative paths are invalid and ignored. */
function directory(given: string | undefined, fallback: string): string {
  return given !== undefined && isAbsolute(given) ? given : fallback;
}
