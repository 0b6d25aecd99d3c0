/** The CA keys of each purpose: the authority's own, in the states that the store keeps, and those that the roster gives to people. */
import type { Roster, SudoCaKey } from '../policy/roster.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { decodePublicKey, fingerprint, samePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { BREAK_GLASS_PURPOSES } from './break-glass.ts';
import { AuthorityError } from './error.ts';
import type { CaSigner, StoreReader } from './ports.ts';
import type { Purpose } from './purpose.ts';
import { PURPOSES } from './purpose.ts';
import type { CaKeyRecord, CaKeyState } from './records.ts';

export interface CaKey {
  readonly purpose: Purpose;
  readonly key: PublicKey;
  readonly state: PublishedState | 'offline';
  /** Whose security key it is; absent: the authority's. */
  readonly owner?: SudoCaKey;
}

type PublishedState = (typeof PUBLISHED)[number];

/** What hosts and clients are told: a coming key must be known before it signs, a retired one until what it signed has ended. */
const PUBLISHED = ['coming', 'active', 'retired'] as const satisfies readonly CaKeyState[];

/** Whether security keys of people sign for this purpose: the authority has no key for it then. */
export function peopleSign({ sudoSigner }: Pick<Authority, 'sudoSigner'>, purpose: Purpose): boolean {
  return purpose === 'sudo' && sudoSigner === 'touch';
}

/**
 * The one that signs certificates of this purpose now. Who signs outside of this transaction asks again in the one that records:
 * the key may have been replaced or revoked meanwhile.
 * @throws AuthorityError `no-ca-key` when there is none, or it is not at hand
 */
export async function activeSigner(
  authority: Authority,
  tx: StoreReader,
  purpose: Purpose,
): Promise<CaSigner> {
  const active = (await ownCaKeys(authority, tx)).find(
    (ca) => ca.purpose === purpose && ca.state === 'active',
  );
  if (active === undefined) throw noCaKey(purpose);
  const signer = await authority.keyring.signer(purpose, active.key);
  if (signer === undefined)
    throw new AuthorityError(
      'no-ca-key',
      `the CA key ${fingerprint(active.key)} for ${purpose} is not at hand here`,
    );
  return signer;
}

export function noCaKey(purpose: Purpose): AuthorityError {
  return new AuthorityError('no-ca-key', `there is no active CA key for ${purpose}: tell the keeper`);
}

/** The keys that the authority signs with itself, in the order of the purposes. */
export async function ownCaKeys(authority: Authority, tx: StoreReader): Promise<readonly CaKey[]> {
  const keys = (await tx.caKeyRecords()).flatMap(publishedKey);
  const own = keys.filter(({ purpose }) => !peopleSign(authority, purpose));
  return own.toSorted((a, b) => PURPOSES.indexOf(a.purpose) - PURPOSES.indexOf(b.purpose));
}

function publishedKey({ purpose, publicKey, state }: CaKeyRecord): readonly CaKey[] {
  const published = PUBLISHED.find((each) => each === state);
  return published === undefined ? [] : [{ purpose, key: decodePublicKey(publicKey), state: published }];
}

/** Every key that speaks for this authority under this roster, in the order of the purposes. */
export async function caKeys(
  authority: Authority,
  tx: StoreReader,
  roster: Roster,
): Promise<readonly CaKey[]> {
  const own = await ownCaKeys(authority, tx);
  if (authority.sudoSigner !== 'touch') return own;
  const peoples = roster.sudoCa.map((owner): CaKey => {
    const { key, state } = owner;
    return { purpose: 'sudo', key, state, owner };
  });
  return [...own, ...peoples];
}

/** The keys that a new draft may name; perhaps none. */
export async function activeKeys(
  authority: Authority,
  tx: StoreReader,
  roster: Roster,
  purpose: Purpose,
): Promise<readonly PublicKey[]> {
  const keys = await caKeys(authority, tx, roster);
  return keys.filter((ca) => ca.purpose === purpose && ca.state === 'active').map(({ key }) => key);
}

/** Whether certificates of this purpose that the authority signed with this key count: a coming key has signed none. */
export async function isTrustedCaKey(
  authority: Authority,
  tx: StoreReader,
  purpose: Purpose,
  key: PublicKey,
): Promise<boolean> {
  return (await ownCaKeys(authority, tx)).some(
    (ca) => ca.purpose === purpose && ca.state !== 'coming' && samePublicKey(ca.key, key),
  );
}

/** What hosts trust at this moment, offline keys included; before the first roster was loaded, without people's keys. */
export async function currentCaKeys(authority: Authority, tx: StoreReader): Promise<readonly CaKey[]> {
  const isLoaded = (await tx.rosterDigest()) !== undefined;
  const keys = isLoaded
    ? await caKeys(authority, tx, await authority.rosters.in(tx))
    : await ownCaKeys(authority, tx);
  return [...keys, ...(await offlineCaKeys(authority, tx))];
}

/** Each for logins and for sudo; not one that was revoked, whatever the settings still say. */
async function offlineCaKeys({ offlineKeys }: Authority, tx: StoreReader): Promise<readonly CaKey[]> {
  const keys: CaKey[] = [];
  for (const key of offlineKeys)
    if (!(await tx.isKeyRevoked(fingerprint(key))))
      keys.push(...BREAK_GLASS_PURPOSES.map((purpose): CaKey => ({ purpose, key, state: 'offline' })));
  return keys;
}
