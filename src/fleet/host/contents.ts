/** What stands in the files of one host. */
import { sha256 } from '@noble/hashes/sha2.js';
import { isHostName, isLogin } from '../../policy/names.ts';
import type { PublicKey } from '../../ssh/public-key.ts';
import { formatPublicKeyLine } from '../../ssh/public-key.ts';
import type { CaKey } from '../ca-file.ts';
import { formatCaFile } from '../ca-file.ts';
import { FleetError } from '../error.ts';
import { sudoPrincipals } from '../host-facts.ts';
import type { HostArchive } from './archive.ts';

export interface BundledHost {
  readonly name: string;
  /** For its host certificate. */
  readonly names: readonly string[];
  readonly groups: readonly string[];
  readonly sudoName: string;
}

export interface HostBundleFacts {
  readonly host: BundledHost;
  readonly caKeys: readonly CaKey[];
  readonly sudo: SudoFacts;
  /** Every account of the roster. */
  readonly logins: readonly string[];
  /** Lists of revoked certificates and keys, in OpenSSH's format. */
  readonly revoked: { readonly login: Uint8Array; readonly builder: Uint8Array };
  /** Logins that have a revoked certificate for sudo. */
  readonly sudoDenied: readonly string[];
}

/** Who says which keys sign for sudo: the authority, or the keys themselves in their newest statement. */
export type SudoFacts = { readonly everywhere: boolean } & (
  | { readonly signer: 'authority' }
  | { readonly signer: 'statement'; readonly statement?: string }
);

/** Its point is a hash, so that everybody can see that nobody chose it. */
const NOBODYS_KEY: PublicKey = {
  type: 'ssh-ed25519',
  point: sha256(new TextEncoder().encode('usher: the CA key that nobody has')),
};
const NOBODYS_LINE = formatPublicKeyLine(NOBODYS_KEY, 'usher-no-key');

/** @throws FleetError `shared-ca-key`, `bad-value` */
export function hostFilesOf(facts: HostBundleFacts): HostArchive {
  const { host, caKeys, sudo, logins, revoked, sudoDenied } = facts;
  return {
    'login_ca.pub': caFile(caKeys, 'login'),
    ...sudoCaFiles(caKeys, sudo),
    'builder_ca.pub': caFile(caKeys, 'builder'),
    'host_ca.pub': caFile(caKeys, 'host'),
    revoked_keys: revoked.login,
    revoked_builder_keys: revoked.builder,
    sudo_denied: lines(ordered(sudoDenied)),
    sudo_principals: lines(sudoPrincipals({ sudoName: host.sudoName, everywhere: sudo.everywhere })),
    principals: encode(formatPrincipals(ordered(logins), host)),
    names: lines(host.names),
  };
}

/**
 * While the only key of a purpose is revoked there is none to trust, and hosts take no empty file: they get a key that nobody has, or they
 * would keep the revoked one. pam-ussh knows no list of revoked keys.
 */
function caFile(caKeys: readonly CaKey[], purpose: string): Uint8Array {
  const hasKey = caKeys.some((ca) => ca.purpose === purpose);
  return encode(hasKey ? formatCaFile(caKeys, purpose) : `${NOBODYS_LINE}\n`);
}

/** The file that a statement makes is the host's to write: it takes a statement over only from keys that it trusts. */
function sudoCaFiles(caKeys: readonly CaKey[], sudo: SudoFacts): HostArchive {
  if (sudo.signer === 'authority') return { 'sudo_ca.pub': caFile(caKeys, 'sudo') };
  return sudo.statement === undefined ? {} : { sudo_statement: encode(sudo.statement) };
}

/** Which principals open a login on this host: `<login>@<host>`, the same at each of its groups, and the bare login. */
export function principalsOf(login: string, host: Pick<BundledHost, 'name' | 'groups'>): readonly string[] {
  return [...[host.name, ...host.groups].map((place) => `${login}@${place}`), login];
}

function formatPrincipals(logins: readonly string[], host: BundledHost): string {
  return logins.map((login) => `${login} ${principalsOf(login, host).join(' ')}\n`).join('');
}

/**
 * The files of principals by login. The login becomes the name of a file, so only what is a login is one.
 * @throws FleetError `bad-document`
 */
export function parsePrincipals(text: string): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, readonly string[]>();
  for (const line of linesOf(text)) {
    const [login = '', ...principals] = line.split(' ');
    if (!isLogin(login) || files.has(login)) throw badFile('principals');
    if (principals.length === 0 || !principals.every((principal) => isPrincipalOf(login, principal)))
      throw badFile('principals');
    files.set(login, principals);
  }
  return files;
}

/** Nobody's principal opens somebody else's account, whatever the file says. */
function isPrincipalOf(login: string, principal: string): boolean {
  const [account, place, ...rest] = principal.split('@');
  return account === login && rest.length === 0 && (place === undefined || isHostName(place));
}

/** One login a line. @throws FleetError `bad-document` */
export function parseSudoDenied(text: string): readonly string[] {
  const logins = linesOf(text);
  if (!logins.every(isLogin)) throw badFile('sudo_denied');
  return logins;
}

/** One name a line. @throws FleetError `bad-document` */
export function parseNames(text: string): readonly string[] {
  const names = linesOf(text);
  if (names.length === 0 || !names.every(isHostName)) throw badFile('names');
  return names;
}

function linesOf(text: string): readonly string[] {
  const parts = text.split('\n');
  if (parts.pop() !== '') throw new FleetError('bad-document', 'the last line of a file has no end');
  return parts;
}

/** By code unit, so that the same roster makes the same bytes everywhere. */
function ordered(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

function lines(values: readonly string[]): Uint8Array {
  return encode(values.map((value) => `${value}\n`).join(''));
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function badFile(name: string): FleetError {
  return new FleetError('bad-document', `${name} is not written as usher writes it`);
}
