/** One draft as the review shows it: decoded here, from the very bytes that are touched. */
import { decodeDraft, optionValue } from '../../src/ssh/certificate.ts';
import type { CertificateFields, CertificateOption } from '../../src/ssh/certificate-fields.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { keyInWords } from '../words.ts';
import { ReviewFault } from './fault.ts';

export interface ReviewedCertificate {
  readonly purpose: 'login';
  /** Who gets in as whom, and where: one entry for each set of hosts. */
  readonly access: readonly LoginAccess[];
  readonly principals: readonly string[];
  /** Seconds from when it was drafted. */
  readonly lifetime: number;
  /** Unix seconds. */
  readonly validAfter: number;
  readonly validBefore: number;
  readonly key: { readonly words: string; readonly fingerprint: string };
  readonly authority: { readonly words: string; readonly fingerprint: string };
  readonly extensions: readonly string[];
  /** From where alone it may be used; empty: from anywhere. */
  readonly sourceAddresses: readonly string[];
  readonly keyId: string;
  readonly serial: string;
}

export interface LoginAccess {
  readonly logins: readonly string[];
  /** Names of hosts and groups. */
  readonly hosts: readonly string[] | 'every host';
}

/** Validity reaches back five minutes, for hosts whose clocks are behind. */
const REACHES_BACK_SECONDS = 300n;
const LOGIN_PRINCIPAL = /^(?<login>[a-z_][a-z0-9_-]{0,31})(?:@(?<host>[a-z0-9][a-z0-9.-]*))?$/;
/** Principals of other purposes: a sign-in that named one would be more than a sign-in. */
const OTHER_PURPOSES = new Set(['sudoer', 'nix-builder']);

/**
 * @throws ReviewFault when the draft is not a sign-in of this person for this request, or says something that this page has no
 * words for: nothing may be touched that is not shown. SshError when it is no draft at all.
 */
export function reviewDraft(draft: Uint8Array, person: string, requestId: string): ReviewedCertificate {
  const fields = decodeDraft(draft);
  if (fields.type !== 'user')
    throw new ReviewFault('other-purpose', 'The draft is for a host, not for a person.');
  checkKeyId(fields.keyId, person, requestId);
  return {
    purpose: 'login',
    access: accessOf(fields.principals),
    principals: fields.principals,
    lifetime: Number(fields.validBefore - fields.validAfter - REACHES_BACK_SECONDS),
    validAfter: Number(fields.validAfter),
    validBefore: Number(fields.validBefore),
    key: { words: keyInWords(fields.subject), fingerprint: fingerprint(fields.subject) },
    authority: { words: keyInWords(fields.authority), fingerprint: fingerprint(fields.authority) },
    extensions: fields.extensions.map(({ name }) => name),
    sourceAddresses: sourceAddressesOf(fields),
    keyId: fields.keyId,
    serial: fields.serial.toString(),
  };
}

/** `<purpose>:<person>:<request id>`, each part compared exactly. */
function checkKeyId(keyId: string, person: string, requestId: string): void {
  const [purpose, holder, id, ...more] = keyId.split(':');
  if (purpose !== 'login')
    throw new ReviewFault('other-purpose', 'The draft is for a purpose that this page can not show.');
  if (holder !== person || more.length > 0)
    throw new ReviewFault('other-person', `The draft is not made out to ${person}.`);
  if (id !== requestId) throw new ReviewFault('other-request', 'The draft belongs to another request.');
}

function accessOf(principals: readonly string[]): readonly LoginAccess[] {
  const hostsOf = new Map<string, string[]>();
  for (const principal of principals) {
    const groups = LOGIN_PRINCIPAL.exec(principal)?.groups;
    const login = groups?.['login'];
    if (login === undefined || OTHER_PURPOSES.has(login))
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
