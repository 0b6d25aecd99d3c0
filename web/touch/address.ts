/** What the fragment of the page's address says: `#<request id>`, or `#<request id>.<port>.<token>` of the command on this machine. */
export interface TouchAddress {
  readonly requestId: string;
  /** The command that opened this page. */
  readonly command?: WaitingCommand;
}

export interface WaitingCommand {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** What tells it that it opened this page itself. */
  readonly token: string;
}

const FRAGMENT = /^#?(?<id>[A-Za-z0-9_-]{22})(?:\.(?<port>[1-9][0-9]{3,4})\.(?<token>[A-Za-z0-9_-]{22}))?$/;
const HIGHEST_PORT = 65_535;
/** Below are the ports of system services, where no command of a person listens. */
const LOWEST_PORT = 1024;

/** @returns undefined for anything else, and for ports that no command of ours has. */
export function parseTouchAddress(fragment: string): TouchAddress | undefined {
  const groups = FRAGMENT.exec(fragment)?.groups;
  const requestId = groups?.['id'];
  if (requestId === undefined) return undefined;
  const token = groups?.['token'];
  if (token === undefined) return { requestId };
  const port = Number(groups?.['port']);
  return port < LOWEST_PORT || port > HIGHEST_PORT ? undefined : { requestId, command: { port, token } };
}
