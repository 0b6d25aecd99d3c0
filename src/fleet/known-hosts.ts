/** The known_hosts file of a person: which CA keys speak for which hosts, by name, so that nobody is ever asked about a fingerprint. */
import { isHostName } from '../policy/names.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { fingerprint, formatPublicKeyLine } from '../ssh/public-key.ts';
import { FleetError } from './error.ts';

export interface KnownHosts {
  readonly hosts: readonly NamedHost[];
  /** Those that host certificates may be signed with: coming, active and retired ones. */
  readonly caKeys: readonly PublicKey[];
  readonly revokedCaKeys: readonly PublicKey[];
}

export interface NamedHost {
  /** As the roster names it. */
  readonly name: string;
  /** As clients name it: exactly these stand in its certificate. */
  readonly names: readonly string[];
}

/** Of the names in one line; older versions of OpenSSH cut long lines off. */
const MAX_NAMES_CHARACTERS = 1000;
const CA_COMMENT = 'usher-host-ca';

/**
 * A CA key counts for the names of the roster and no others: `*` would let it speak for every host that the person connects to.
 * `@revoked` is for all hosts, and so never for a key that still counts: it would cut off working ones.
 * @throws FleetError `bad-value`, `shared-ca-key`
 */
export function formatKnownHosts({ hosts, caKeys, revokedCaKeys }: KnownHosts): string {
  refuseRevoked(caKeys, revokedCaKeys);
  const keys = caKeys.map((key) => formatPublicKeyLine(key, CA_COMMENT));
  const lines = hosts.flatMap((host) =>
    nameLists(host).flatMap((names) => keys.map((key) => `@cert-authority ${names} ${key}`)),
  );
  const revoked = revokedCaKeys.map((key) => `@revoked * ${formatPublicKeyLine(key, CA_COMMENT)}`);
  return [...revoked, ...lines, ''].join('\n');
}

/** In few lines, each of bounded length. */
function nameLists({ name, names }: NamedHost): readonly string[] {
  const lists: string[] = [];
  for (const each of names) {
    // A blank, comma, "*" or "!" in a name would make it stand for other hosts, a line end for another CA.
    if (!isHostName(each)) throw new FleetError('bad-value', `"${each}" of ${name} is no name of a host`);
    const last = lists.at(-1);
    if (last !== undefined && last.length + each.length < MAX_NAMES_CHARACTERS)
      lists[lists.length - 1] = `${last},${each}`;
    else lists.push(each);
  }
  return lists;
}

function refuseRevoked(caKeys: readonly PublicKey[], revoked: readonly PublicKey[]): void {
  const identities = new Set(revoked.map(keyIdentity));
  const both = caKeys.find((key) => identities.has(keyIdentity(key)));
  if (both !== undefined)
    throw new FleetError('shared-ca-key', `the CA key ${fingerprint(both)} is revoked, and counts`);
}
