/** Which CA keys speak for which hosts: a list that the authority signs, verified and taken apart. */
import { Value } from 'typebox/value';
import { FleetError } from '../../src/fleet/error.ts';
import type { NamedHost, KnownHosts as TrustedHosts } from '../../src/fleet/known-hosts.ts';
import { formatKnownHosts } from '../../src/fleet/known-hosts.ts';
import type { KnownHostsReply } from '../../src/http/contract/known-hosts.ts';
import { KnownHosts } from '../../src/http/contract/known-hosts.ts';
import { KNOWN_HOSTS_NAMESPACE } from '../../src/ssh/bundle-namespace.ts';
import { SshError } from '../../src/ssh/error.ts';
import type { DecodedKrl } from '../../src/ssh/krl-read.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { decodeBytes } from '../decode.ts';
import { UsherCommandError } from '../error.ts';
import type { Pins } from './pinned-signature.ts';
import { openPinned } from './pinned-signature.ts';

/** A list whose signature and contents were checked. */
export interface VerifiedKnownHosts {
  readonly reply: KnownHostsReply;
  readonly number: number;
  readonly freshUntil: number;
  readonly hosts: readonly NamedHost[];
  readonly caKeys: readonly PublicKey[];
  readonly revokedCaKeys: readonly PublicKey[];
  /** The text of the file for ssh. */
  readonly text: string;
  readonly krlBytes: Uint8Array;
  readonly krl: DecodedKrl;
}

const HEADING = '# Usher writes this file at each login: what you change in it is lost.\n';

export const KNOWN_HOSTS_WHAT = 'the list of hosts';

/**
 * Verifies signature, authority and form. Time and number are checked by `acceptNewest`, since a stored list may be old.
 * @throws UsherCommandError `bundle-refused`
 */
export function verifyKnownHosts(reply: KnownHostsReply, origin: string, pins: Pins): VerifiedKnownHosts {
  const { statement } = openPinned(reply, KNOWN_HOSTS_NAMESPACE, pins, KNOWN_HOSTS_WHAT);
  const list = parseStatement(statement);
  if (list.authority !== origin) throw refused(`is of ${list.authority}, not of ${origin}`);
  const { number, freshUntil, hosts } = list;
  const caKeys = list.caKeys.map(({ key }) => parseLine(key));
  const revokedCaKeys = list.revokedCaKeys.map(parseLine);
  const text = formatOrRefuse({ hosts, caKeys, revokedCaKeys });
  const krlBytes = decodeBytes(list.krl);
  return { reply, number, freshUntil, hosts, caKeys, revokedCaKeys, text, krlBytes, krl: parseKrl(krlBytes) };
}

function parseStatement(statement: Uint8Array): KnownHosts {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(statement));
    if (Value.Check(KnownHosts, value)) return value;
  } catch (cause) {
    throw refused('is not JSON', cause);
  }
  throw refused('does not have the form that this usher knows');
}

/** What it says would not be what ssh reads. */
function formatOrRefuse(trust: TrustedHosts): string {
  try {
    return HEADING + formatKnownHosts(trust);
  } catch (cause) {
    if (!(cause instanceof FleetError)) throw cause;
    throw refused(`can not be a file for ssh: ${cause.message}`, cause);
  }
}

function parseLine(line: string): PublicKey {
  try {
    return parsePublicKeyLine(line).key;
  } catch (cause) {
    throw refused('has a key that can not be read', cause);
  }
}

/** A list that ssh can not read would have it refuse every host. */
function parseKrl(bytes: Uint8Array): DecodedKrl {
  try {
    return decodeKrl(bytes);
  } catch (cause) {
    if (!(cause instanceof SshError)) throw cause;
    throw refused('has a revocation list that can not be read', cause);
  }
}

function refused(what: string, cause?: unknown): UsherCommandError {
  const options = cause === undefined ? {} : { cause };
  return new UsherCommandError('bundle-refused', `${KNOWN_HOSTS_WHAT} ${what}`, options);
}
