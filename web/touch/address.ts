/** What the fragment of the page's address says: `#<request id>`, or `#<request id>.<port of the command on this machine>`. */
export interface TouchAddress {
  readonly requestId: string;
  /** Where the command that opened this page listens on 127.0.0.1. */
  readonly port?: number;
}

const FRAGMENT = /^#?(?<id>[A-Za-z0-9_-]{22})(?:\.(?<port>[1-9][0-9]{3,4}))?$/;
const HIGHEST_PORT = 65_535;
/** Below are the ports of system services, where no command of a person listens. */
const LOWEST_PORT = 1024;

/** @returns undefined for anything else, and for ports that no command of ours has. */
export function parseTouchAddress(fragment: string): TouchAddress | undefined {
  const groups = FRAGMENT.exec(fragment)?.groups;
  const requestId = groups?.['id'];
  if (requestId === undefined) return undefined;
  if (groups?.['port'] === undefined) return { requestId };
  const port = Number(groups['port']);
  return port < LOWEST_PORT || port > HIGHEST_PORT ? undefined : { requestId, port };
}
