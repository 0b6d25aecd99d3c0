/** What a draft for signing in says. */
import { optionValue } from '../../src/ssh/certificate.ts';
import type { CertificateFields, CertificateOption } from '../../src/ssh/certificate-fields.ts';
import { ReviewFault } from './fault.ts';

export interface LoginTerms {
  readonly purpose: 'login';
  /** Who gets in as whom, and where: one entry for each set of hosts. */
  readonly access: readonly LoginAccess[];
  readonly extensions: readonly string[];
  /** From where alone it may be used; empty: from anywhere. */
  readonly sourceAddresses: readonly string[];
}

export interface LoginAccess {
  readonly logins: readonly string[];
  /** Names of hosts and groups. */
  readonly hosts: readonly string[] | 'every host';
}

const PRINCIPAL = /^(?<login>[a-z_][a-z0-9_-]{0,31})(?:@(?<host>[a-z0-9][a-z0-9.-]*))?$/;
/** Principals of other purposes: a sign-in that named one would be more than a sign-in. */
const OTHER_PURPOSES = new Set(['sudoer', 'nix-builder']);

/** @throws ReviewFault when it says more than a sign-in does. */
export function readLogin(fields: CertificateFields): LoginTerms {
  return {
    purpose: 'login',
    access: accessOf(fields.principals),
    extensions: fields.extensions.map(({ name }) => name),
    sourceAddresses: sourceAddressesOf(fields),
  };
}

/** Whether this is the name of an account, and not a principal of another purpose. */
export function isLogin(name: string): boolean {
  return !OTHER_PURPOSES.has(name) && !name.includes('@') && PRINCIPAL.test(name);
}

function accessOf(principals: readonly string[]): readonly LoginAccess[] {
  const hostsOf = new Map<string, string[]>();
  for (const principal of principals) {
    const groups = PRINCIPAL.exec(principal)?.groups;
    const login = groups?.['login'];
    if (login === undefined || !isLogin(login))
      throw new ReviewFault('other-purpose', `"${principal}" is no account to sign in with.`);
    hostsOf.set(login, [...(hostsOf.get(login) ?? []), groups?.['host'] ?? '']);
  }
  return byHosts(hostsOf);
}

/** Logins with the same hosts are told together. A principal without a host is good on every one. */
function byHosts(hostsOf: ReadonlyMap<string, readonly string[]>): readonly LoginAccess[] {
  const loginsOf = new Map<string, string[]>();
  for (const [login, hosts] of hostsOf) {
    const key = hosts.includes('') ? '' : [...hosts].sort().join(' ');
    loginsOf.set(key, [...(loginsOf.get(key) ?? []), login]);
  }
  return [...loginsOf].map(([hosts, logins]) => ({
    logins,
    hosts: hosts === '' ? 'every host' : hosts.split(' '),
  }));
}

function sourceAddressesOf(fields: CertificateFields): readonly string[] {
  return fields.criticalOptions.flatMap((option) => {
    if (option.name !== 'source-address')
      throw new ReviewFault('other-purpose', `A sign-in has no option "${option.name}".`);
    return addressesIn(option);
  });
}

function addressesIn(option: CertificateOption): readonly string[] {
  const value = optionValue(option);
  if (value === undefined || value === '')
    throw new ReviewFault('bad-draft', 'The source addresses can not be read.');
  return value.split(',');
}
