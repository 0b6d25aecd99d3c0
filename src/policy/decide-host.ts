import { MAX_PRINCIPALS } from '../ssh/certificate-fields.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import type { Denial, Terms } from './decision.ts';
import { deny } from './decision.ts';
import type { Roster } from './roster.ts';

export interface HostGrant {
  readonly kind: 'grant';
  readonly terms: Terms;
}

/** Of every host certificate, in seconds: 30 days. */
const HOST_LIFETIME = 2_592_000;

/** What a host certificate says: exactly the names that the roster gives the host. Pure and total, like `decide`. */
export function decideHost(roster: Roster, hostName: string, keys: readonly PublicKey[]): HostGrant | Denial {
  const host = roster.hosts.get(hostName);
  if (host === undefined) return deny('host-unknown', `the roster knows no ${hostName.slice(0, 64)}`);
  if (host.names.length > MAX_PRINCIPALS)
    return deny('too-many-principals', `a certificate holds ${MAX_PRINCIPALS} names of a host`);
  if (keys.some((key) => isOfPerson(roster, key)))
    return deny('key-has-role', 'a key of this host is somebody’s in the roster: take another one');
  const terms = { principals: host.names, lifetime: HOST_LIFETIME, criticalOptions: [], extensions: [] };
  return { kind: 'grant', terms };
}

function isOfPerson(roster: Roster, key: PublicKey): boolean {
  const identity = keyIdentity(key);
  return roster.keyOwners.has(identity) || roster.sudoCa.some((owner) => keyIdentity(owner.key) === identity);
}
