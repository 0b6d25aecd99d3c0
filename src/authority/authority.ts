/** The authority as the use cases see it: its name, its keys, its bounds and its ports, made once at start. */
import type { PrivateKey } from '../ssh/private-key.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import type { Clock, Keyring, PoolBounds, Random, Store } from './ports.ts';
import type { RevocationLists } from './revocation-lists.ts';
import type { RosterInForce } from './roster-in-force.ts';

export interface Authority {
  /** `https://ca.example.org`, exactly as browsers write it. */
  readonly origin: string;
  /** The RP id of its WebAuthn credentials: the origin's host, unless configured. */
  readonly rpId: string;
  readonly store: Store;
  readonly rosters: RosterInForce;
  readonly revocationLists: RevocationLists;
  readonly keyring: Keyring;
  /** Who signs for sudo: a key of the authority's, or people's security keys, which the roster names (`sudo_ca`). */
  readonly sudoSigner: 'authority' | 'touch';
  /** CA keys that are kept away from here, for emergencies: hosts trust them, for logins and for sudo. */
  readonly offlineKeys: readonly PublicKey[];
  readonly bundleKey: PrivateKey;
  /** A key of this process only: drafts are tried with it before a CA key sees them. */
  readonly throwaway: PrivateKey;
  /** The log's verifier key, as in C2SP signed-note. */
  readonly logVerifierKey: string;
  /** Keys what strangers are shown of people who do not exist, so that it is the same each time. */
  readonly decoySecret: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly bounds: AuthorityBounds;
}

export interface AuthorityBounds {
  readonly pool: PoolBounds;
  /** Certificates a person may get in an hour; counted only after a verified touch. */
  readonly perPersonHourly: number;
  /** Requests of one person that wait for others at the same time. */
  readonly waitingPerPerson: number;
}
