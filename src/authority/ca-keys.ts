/** The CA keys of each purpose: the authority's own, and those that the roster gives to people. */
import type { Roster, SudoCaKey } from '../policy/roster.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { BREAK_GLASS_PURPOSES } from './break-glass.ts';
import { AuthorityError } from './error.ts';
import type { CaSigner, StoreReader } from './ports.ts';
import type { Purpose } from './purpose.ts';
import { PURPOSES } from './purpose.ts';

export interface CaKey {
  readonly purpose: Purpose;
  readonly key: PublicKey;
  readonly state: SudoCaKey['state'] | 'offline';
  /** Whose security key it is; absent: the authority's. */
  readonly owner?: SudoCaKey;
}

/** @returns undefined where people sign. */
export function signerOf({ signers }: Pick<Authority, 'signers'>, purpose: Purpose): CaSigner | undefined {
  const signer = signers[purpose];
  return signer === 'touch' ? undefined : signer;
}

/**
 * The one that signs certificates of this purpose now.
 * @throws AuthorityError `no-ca-key` when there is none
 */
export async function activeSigner(
  authority: Authority,
  _tx: StoreReader,
  purpose: Purpose,
): Promise<CaSigner> {
  const signer = signerOf(authority, purpose);
  if (signer === undefined) throw new AuthorityError('no-ca-key', `there is no active CA key for ${purpose}`);
  return signer;
}

/** The keys that the authority signs with itself. */
export function ownCaKeys(authority: Pick<Authority, 'signers'>): readonly CaKey[] {
  return PURPOSES.flatMap((purpose) => {
    const signer = signerOf(authority, purpose);
    return signer === undefined ? [] : [{ purpose, key: signer.publicKey, state: 'active' as const }];
  });
}

/** Every key that speaks for this authority under this roster, in the order of the purposes. */
export function caKeys(authority: Pick<Authority, 'signers'>, roster: Roster): readonly CaKey[] {
  if (authority.signers.sudo !== 'touch') return ownCaKeys(authority);
  const peoples = roster.sudoCa.map((owner): CaKey => {
    const { key, state } = owner;
    return { purpose: 'sudo', key, state, owner };
  });
  return [...ownCaKeys(authority), ...peoples];
}

/** The keys that a new draft may name. */
export function activeKeys(
  authority: Pick<Authority, 'signers'>,
  roster: Roster,
  purpose: Purpose,
): readonly PublicKey[] {
  const active = caKeys(authority, roster).filter((key) => key.purpose === purpose && key.state === 'active');
  return active.map(({ key }) => key);
}

/** What hosts trust at this moment, offline keys included; before the first roster was loaded, without people's keys. */
export async function currentCaKeys(authority: Authority, tx: StoreReader): Promise<readonly CaKey[]> {
  const isLoaded = (await tx.rosterDigest()) !== undefined;
  const keys = isLoaded ? caKeys(authority, await authority.rosters.in(tx)) : ownCaKeys(authority);
  return [...keys, ...offlineCaKeys(authority)];
}

/** Each for logins and for sudo. */
function offlineCaKeys({ offlineKeys }: Authority): readonly CaKey[] {
  return offlineKeys.flatMap((key) =>
    BREAK_GLASS_PURPOSES.map((purpose): CaKey => ({ purpose, key, state: 'offline' })),
  );
}
