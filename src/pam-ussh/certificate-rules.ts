/**
 * The rules of x/crypto's CertChecker.CheckCert and of pam-ussh for one certificate, in their order. pam-ussh stops at the first that is broken and
 * logs next to nothing; here all of them are named.
 */
import { printable } from '../ssh/printable.ts';
import type { CaFileKey } from './ca-file.ts';
import type { XcryptoVersion } from './facts.ts';
import type { Finding } from './finding.ts';
import type { GoCertificate } from './go-certificate.ts';
import type { GoKey } from './go-key.ts';
import { faultOfSignature } from './go-signature.ts';

export interface CertificateContext {
  readonly user: string;
  readonly now: number;
  /** Undefined when the file can not be read, and nothing can be said of the CA. */
  readonly caKeys: readonly CaFileKey[] | undefined;
  /** Name -> where it was configured. */
  readonly principals: ReadonlyMap<string, string>;
  readonly xcrypto: XcryptoVersion;
}

export type Rule = (certificate: GoCertificate, context: CertificateContext) => Finding | undefined;

export const FOR_EVER = 2n ** 64n - 1n;
const SIGN_BIT = 2n ** 63n;
/** The end of the year 9999: whoever is beyond it counted milliseconds. */
export const LAST_SECOND = 253_402_300_799n;
export const SOURCE_ADDRESS = 'source-address';
/** The principal that hosts take beside the one of their own. */
const EVERY_HOST = 'sudoer';

/** What CheckCert refuses, in its order (the options have none). */
const CHECK_CERT: readonly Rule[] = [
  function nestedCertificate({ authority }, { xcrypto }) {
    if (authority.kind !== 'certificate' || xcrypto === 'before-0.52') return undefined;
    const sentence = 'its CA is a certificate, which x/crypto does not read';
    return onlyNew('cert.parse-strict', sentence, 'sign with a plain key');
  },

  function unsupportedOptions({ criticalOptions }) {
    const names = criticalOptions.map(({ name }) => name).filter((name) => name !== SOURCE_ADDRESS);
    if (names.length === 0) return undefined;
    const sentence = `pam-ussh supports no critical option, and it has ${listed(names)}`;
    return onlyNew('cert.critical', sentence, 'issue sudo certificates without critical options');
  },

  function userPrincipal({ principals }, { user }) {
    // An empty list passes here; configured principals refuse it later.
    if (principals.length === 0 || principals.includes(user)) return undefined;
    const sentence = `the user "${user}" is none of its principals (${listed(principals)})`;
    const near = nearMiss(user, principals);
    if (near !== undefined) return error('cert.user-principal', sentence, near);
    return onlyNew('cert.user-principal', sentence, `ask for one with the login ${user}`);
  },

  function notYetValid({ validAfter }, { now }) {
    if (validAfter < SIGN_BIT && BigInt(now) >= validAfter) return undefined;
    const sentence = `by the clock of the host it begins only in ${shownSeconds(validAfter - BigInt(now))}`;
    return error('cert.time', sentence, timeHint(validAfter, 'wait, or set the clock of the host'));
  },

  function expired({ validBefore }, { now }) {
    if (validBefore === FOR_EVER || (validBefore < SIGN_BIT && BigInt(now) < validBefore)) return undefined;
    const sentence =
      validBefore < SIGN_BIT
        ? `by the clock of the host it ended ${shownSeconds(BigInt(now) - validBefore)} ago`
        : 'it ends beyond 2^63 seconds, which x/crypto takes for the past';
    return error('cert.time', sentence, 'ask for a new one, or set the clock of the host');
  },

  function caSignature({ authority, draft, signature }) {
    const key = authority.kind === 'certificate' ? authority.subject : authority;
    // x/crypto asks for no touch of the CA, whatever its age.
    const fault = faultOfSignature(key, signature, draft, { needsTouch: false });
    if (fault === undefined) return undefined;
    const sentence = `the signature of the CA is not good (${printable(fault)})`;
    return onlyNew('cert.signature', sentence, 'ask for a new certificate');
  },
];

/** What CheckCert refuses: pam-ussh goes on with the next key, and says nothing. */
export function refusalsOfCheckCert(
  certificate: GoCertificate,
  context: CertificateContext,
): readonly Finding[] {
  return CHECK_CERT.flatMap((rule) => rule(certificate, context) ?? []);
}

/** pam-ussh compares the keys as x/crypto encodes them. Undefined when the CA is known. */
export function refusalOfCa(
  { authority }: GoCertificate,
  { caKeys }: CertificateContext,
): Finding | undefined {
  if (caKeys === undefined || caKeys.some(({ key }) => isSame(key, authority))) return undefined;
  // Never to add that CA: the certificate may be one for signing in, whose CA must not give sudo.
  return error(
    'cert.ca-in-ca_file',
    'the key of its CA is not in ca_file',
    'ask for a certificate of the CA that is there; if the CA was replaced, the keeper installs: usher export ca-file --purpose sudo',
  );
}

/** The last check, behind the agent's signature. */
export function refusalOfPrincipals(
  certificate: GoCertificate,
  { principals }: CertificateContext,
): Finding | undefined {
  if (principals.size === 0) return refusalOfNobody(certificate);
  if (matchedPrincipal(certificate, principals) !== undefined) return undefined;
  const wanted = preferred([...principals.keys()]);
  const near = wanted.flatMap((name) => nearMiss(name, certificate.principals) ?? [])[0];
  const sentence = `none of its principals (${listed(certificate.principals)}) is one that the host wants (${listed([...principals.keys()])})`;
  if (near !== undefined) return error('cert.sudo-principal', sentence, near);
  const own = wanted.find((name) => name !== EVERY_HOST);
  const hint = `ask for a certificate for this host${own === undefined ? '' : `: ${printable(own)}`}`;
  return onlyNew('cert.sudo-principal', sentence, hint);
}

/** Those of one host first: what every host takes, few may ask for, and nobody needs. */
function preferred(names: readonly string[]): readonly string[] {
  return [...names.filter(hasHost), ...names.filter((name) => !hasHost(name))];
}

function hasHost(name: string): boolean {
  return name.includes('@');
}

/** Where no principals are configured, pam-ussh logs the first one of the certificate without looking whether there is one. */
function refusalOfNobody({ principals }: GoCertificate): Finding | undefined {
  if (principals.length > 0) return undefined;
  const sentence = 'it has no principals, and the host wants none: sudo panics';
  return error(
    'cert.sudo-principal',
    sentence,
    'remove it from the agent: such a certificate is never issued',
  );
}

/** The first of its principals that is configured. */
export function matchedPrincipal(
  { principals }: GoCertificate,
  configured: ReadonlyMap<string, string>,
): string | undefined {
  return principals.find((name) => configured.has(name));
}

function isSame(a: GoKey | GoCertificate, b: GoKey | GoCertificate): boolean {
  return Buffer.compare(a.blob, b.blob) === 0;
}

/** What is nearly the wanted name, which people do not see at once. */
function nearMiss(wanted: string, names: readonly string[]): string | undefined {
  const plain = (name: string): string => name.replaceAll(/[\s\0]/g, '').toLowerCase();
  const near = names.find((name) => plain(name) === plain(wanted));
  if (near !== undefined)
    return `"${printable(near)}" is nearly "${printable(wanted)}": letters and blanks must be the same`;
  if (!hasHost(wanted)) return undefined;
  const host = names.find((name) => hasHost(name) && name.split('@')[0] === wanted.split('@')[0]);
  return host === undefined
    ? undefined
    : `"${printable(host)}" is for another host than "${printable(wanted)}"`;
}

function timeHint(time: bigint, hint: string): string {
  return time > LAST_SECOND && time < SIGN_BIT
    ? 'its times are in milliseconds, it seems; they are in seconds'
    : hint;
}

const UNITS = [
  ['days', 86_400n],
  ['hours', 3_600n],
  ['minutes', 60n],
  ['seconds', 1n],
] as const;

/** In the largest unit of which there are at least two. */
function shownSeconds(seconds: bigint): string {
  const [name, size] = UNITS.find(([, unit]) => seconds >= 2n * unit) ?? ['seconds', 1n];
  return `${seconds / size} ${name}`;
}

function listed(names: readonly string[]): string {
  const some = names.slice(0, 8).map((name) => printable(name, 80));
  return [...some, ...(names.length > some.length ? ['…'] : [])].join(', ') || 'none';
}

function error(check: Finding['check'], sentence: string, hint: string): Finding {
  return { check, level: 'error', sentence, hint };
}

function onlyNew(check: Finding['check'], sentence: string, hint: string): Finding {
  return { ...error(check, sentence, hint), remedy: 'new-certificate' };
}
