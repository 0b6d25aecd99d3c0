/**
 * The states of the authority's own CA keys: created, coming, active, retired, removed; and revoked, from any of them. Each
 * change is a leaf, so an earlier key never comes to sign again unseen.
 */

import { equalBytes } from '../fido/equal-bytes.ts';
import { encodeLeaf } from '../log/leaf.ts';
import { decodePublicKey, encodePublicKey, fingerprint } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { peopleSign } from './ca-keys.ts';
import { AuthorityError } from './error.ts';
import type { CaSigner, MadeKey, StoreWriter } from './ports.ts';
import type { Purpose } from './purpose.ts';
import { PURPOSES } from './purpose.ts';
import type { CaKeyRecord, CaKeyState } from './records.ts';

const PEOPLE_SIGN = 'security keys of people sign now';

/** @param why as the person gave it who did this; empty when nobody did */
export async function changeCaKey(
  tx: StoreWriter,
  record: CaKeyRecord,
  state: CaKeyState,
  why: string,
  now: number,
): Promise<CaKeyRecord> {
  const changed = { ...record, state, since: now, ...publication(record, state, now) };
  await tx.saveCaKey(changed);
  const { purpose, publicKey } = record;
  const leaf = { kind: 'ca-key', recordedAt: now, purpose, publicKey, state, reason: why } as const;
  await tx.appendLeaf(encodeLeaf(leaf));
  return changed;
}

/** Hosts and clients get it from the first of these states on. */
function publication({ publishedAt }: CaKeyRecord, state: CaKeyState, now: number): object {
  return publishedAt === undefined && (state === 'coming' || state === 'active') ? { publishedAt: now } : {};
}

/**
 * At start: what the settings name and was never seen is created. Only where no key of the purpose ever went further does the
 * first one sign at once; all others wait until a person makes them.
 * @returns whether one signs at once: for the caller to log, with all others that speak for the authority
 * @throws AuthorityError `key-has-role` for a key of another purpose, `no-ca-key` when one that signs, or soon will, is not at hand
 */
export async function adoptCaKeys(authority: Authority, tx: StoreWriter): Promise<boolean> {
  let isAnyActive = false;
  for (const purpose of PURPOSES) {
    if (peopleSign(authority, purpose)) await withdrawAll(authority, tx, purpose);
    for (const signer of authority.keyring.configured(purpose))
      isAnyActive = (await adopt(authority, tx, purpose, signer)) || isAnyActive;
  }
  for (const record of await tx.caKeyRecords()) await assertAtHand(authority, record);
  return isAnyActive;
}

/** @returns whether it signs from now on. */
async function adopt(
  authority: Authority,
  tx: StoreWriter,
  purpose: Purpose,
  { publicKey: key }: CaSigner,
): Promise<boolean> {
  const records = await tx.caKeyRecords();
  const publicKey = encodePublicKey(key);
  const known = records.find((record) => equalBytes(record.publicKey, publicKey));
  if (known !== undefined && known.purpose !== purpose)
    throw new AuthorityError(
      'key-has-role',
      `the CA key for ${purpose} is also used for something else: each use has its own`,
    );
  const now = authority.clock.now();
  const created = { purpose, publicKey, state: 'created', since: now } as const;
  const isFirst = records.every((record) => record.purpose !== purpose || record.state === 'created');
  if (isFirst) await tx.saveCaKey({ ...created, state: 'active', publishedAt: now });
  else if (known === undefined) await changeCaKey(tx, created, 'created', '', now);
  return isFirst;
}

/**
 * The authority's own keys speak for it no more once people's do: hosts must not get them. The one that signed may do so again
 * when people sign no longer, which is a leaf then.
 */
async function withdrawAll(authority: Authority, tx: StoreWriter, purpose: Purpose): Promise<void> {
  const own = (await tx.caKeyRecords()).filter((record) => record.purpose === purpose);
  for (const record of own) {
    const next = WITHDRAWN[record.state];
    if (next !== undefined) await changeCaKey(tx, record, next, PEOPLE_SIGN, authority.clock.now());
  }
}

const WITHDRAWN: Readonly<Partial<Record<CaKeyState, CaKeyState>>> = {
  coming: 'created',
  active: 'created',
  retired: 'removed',
};

export function isOver(state: CaKeyState): boolean {
  return state === 'removed' || state === 'revoked';
}

async function assertAtHand(
  { keyring }: Authority,
  { purpose, publicKey, state }: CaKeyRecord,
): Promise<void> {
  if (state !== 'coming' && state !== 'active') return;
  const key = decodePublicKey(publicKey);
  if ((await keyring.signer(purpose, key)) === undefined)
    throw new AuthorityError(
      'no-ca-key',
      `the CA key ${fingerprint(key)} for ${purpose} is ${state}, but no signer has it: name it in usherd.yaml, signers.${purpose}`,
    );
}

/** Files of keys that nothing came of: their making was cut short. Nobody trusts them. */
export async function strayKeys({ store, keyring }: Authority): Promise<readonly MadeKey[]> {
  const records = await store.read((tx) => tx.caKeyRecords());
  const known = new Set(records.map(({ publicKey }) => fingerprint(decodePublicKey(publicKey))));
  return (await keyring.made()).filter(({ key }) => !known.has(fingerprint(key)));
}
