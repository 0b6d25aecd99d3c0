/** What the command asks for, and the principals that follow from it: exactly these and no other may stand in the certificate. */
import type { PublicKey } from '../../src/ssh/public-key.ts';

interface AskedCertificate {
  readonly origin: string;
  readonly rpId: string;
  readonly person: string;
  readonly key: PublicKey;
  /** Seconds; undefined when the authority's default was asked for. */
  readonly lifetime: number | undefined;
}

export interface LoginAsked extends AskedCertificate {
  readonly purpose: 'login';
  readonly logins: readonly string[];
  readonly hosts: readonly string[];
}

export interface SudoAsked extends AskedCertificate {
  readonly purpose: 'sudo';
  readonly login: string;
  /** Names for sudo, or '*' alone for the principal that every host takes. */
  readonly hosts: readonly string[];
  /** Empty: none was given. */
  readonly reason: string;
}

export type Asked = LoginAsked | SudoAsked;

/** The principal that every host takes for sudo; with "@" and a name it is that of one host. */
const SUDOER = 'sudoer';

export function principalsOf(asked: Asked): readonly string[] {
  const isEverywhere = asked.hosts.length === 1 && asked.hosts[0] === '*';
  if (asked.purpose === 'sudo')
    // The login comes first: pam-ussh writes the first one into the host's log.
    return [asked.login, ...(isEverywhere ? [SUDOER] : asked.hosts.map((host) => `${SUDOER}@${host}`))];
  if (isEverywhere) return [...asked.logins];
  return asked.logins.flatMap((login) => asked.hosts.map((host) => `${login}@${host}`));
}

export type SudoGiven = Pick<SudoAsked, 'login' | 'hosts'>;

/** What a sudo certificate says, read back. @returns undefined for principals that are not those of one. */
export function readSudoPrincipals(principals: readonly string[]): SudoGiven | undefined {
  const [login = '', ...others] = principals;
  if (login === '' || login.includes('@') || login === SUDOER || others.length === 0) return undefined;
  if (others.length === 1 && others[0] === SUDOER) return { login, hosts: ['*'] };
  if (!others.every((principal) => principal.startsWith(`${SUDOER}@`))) return undefined;
  return { login, hosts: others.map((principal) => principal.slice(SUDOER.length + 1)) };
}
