/** What a draft for sudo says. */
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { ReviewFault } from './fault.ts';
import { isLogin } from './login.ts';

export interface SudoTerms {
  readonly purpose: 'sudo';
  /** The account that may become root; pam-ussh logs it. */
  readonly login: string;
  /** By the names that hosts have for sudo. */
  readonly hosts: readonly string[] | 'every host';
}

const EVERYWHERE = 'sudoer';
const SOMEWHERE = /^sudoer@(?<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)$/;

/** @throws ReviewFault unless its principals are a login and then either hosts or the one that every host takes, and nothing else stands in it. */
export function readSudo({ principals, criticalOptions, extensions }: CertificateFields): SudoTerms {
  const [login = '', ...where] = principals;
  if (!isLogin(login)) throw new ReviewFault('other-purpose', `"${login}" is no account that uses sudo.`);
  if (criticalOptions.length + extensions.length > 0)
    throw new ReviewFault('other-purpose', 'A certificate for sudo has neither options nor extensions.');
  return { purpose: 'sudo', login, hosts: hostsOf(where) };
}

function hostsOf(where: readonly string[]): SudoTerms['hosts'] {
  if (where.length === 0) throw new ReviewFault('other-purpose', 'The draft names no host for sudo.');
  if (where.length === 1 && where[0] === EVERYWHERE) return 'every host';
  return where.map((principal) => {
    const host = SOMEWHERE.exec(principal)?.groups?.['host'];
    if (host === undefined)
      throw new ReviewFault('other-purpose', `"${principal}" is no host for sudo, or not the only one.`);
    return host;
  });
}
