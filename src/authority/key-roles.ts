/** A key has one role: what touches must not also be certified or sign certificates (design: an agent signs anything). */
import { securityKeyOfCose } from '../fido/cose.ts';
import { parseVerifierKey } from '../log/note-key.ts';
import type { Roster } from '../policy/roster.ts';
import { keyIdentity } from '../ssh/key-identity.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { decodePublicKey, fingerprint } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { authorityLeaf } from './authority-leaf.ts';
import type { CaKey } from './ca-keys.ts';
import { currentCaKeys, ownCaKeys } from './ca-keys.ts';
import { adoptCaKeys } from './ca-states.ts';
import { AuthorityError } from './error.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import type { Credential, KeyUse } from './records.ts';

/** The same physical key has the same identity, whichever application it signs for. */
function credentialKeyIdentity(credential: Credential): string {
  const key =
    credential.kind === 'ssh-sk'
      ? decodePublicKey(credential.publicKey)
      : securityKeyOfCose(credential.publicKey, credential.rpId);
  return keyIdentity(key);
}

/**
 * Two credentials may have one key, under two ids or applications: then both have to be one person's.
 * @throws AuthorityError `key-has-role` when the key of a new credential is in other use, or somebody else's; `key-revoked`
 */
export async function assertFreeForTouch(
  tx: StoreReader,
  roster: Roster,
  credential: Credential,
): Promise<void> {
  if (await tx.isKeyRevoked(credential.id))
    throw new AuthorityError('key-revoked', 'this security key was revoked: use another one');
  const identity = credentialKeyIdentity(credential);
  const owner = roster.keyOwners.get(identity);
  if (owner !== undefined && owner !== credential.person) throw hasOtherUse();
  const use = await tx.keyUse(identity);
  if (use !== undefined && !isTouchOf(use, credential.person)) throw hasOtherUse();
}

/** From now on the key touches, and whoever else enrols it is refused. @throws AuthorityError as `assertFreeForTouch`. */
export async function claimForTouch(tx: StoreWriter, credential: Credential): Promise<void> {
  const { person } = credential;
  const use = await tx.claimKey(credentialKeyIdentity(credential), { role: 'touch', person });
  if (!isTouchOf(use, person)) throw hasOtherUse();
}

/**
 * A security key of the roster takes its role when it is first used, and has it for ever, whatever the roster says later.
 * The roster may give it to another person, since then only that one can touch with it; not one that somebody has enrolled.
 * @throws AuthorityError `key-has-role`
 */
export async function claimRosterKey(tx: StoreWriter, credential: Credential): Promise<void> {
  const { person } = credential;
  const identity = credentialKeyIdentity(credential);
  const use = await tx.claimKey(identity, { role: 'touch', person });
  if (use.role !== 'touch') throw hasOtherUse();
  if (use.person !== person && (await hasEnrolled(tx, use.person, identity))) throw hasOtherUse();
}

async function hasEnrolled(tx: StoreReader, person: string, identity: string): Promise<boolean> {
  const credentials = await tx.credentialsOf(person);
  const live = credentials.filter(
    ({ source, removedAt }) => source === 'enrolled' && removedAt === undefined,
  );
  return live.some((credential) => credentialKeyIdentity(credential) === identity);
}

function isTouchOf(use: KeyUse, person: string): boolean {
  return use.role === 'touch' && use.person === person;
}

function hasOtherUse(): AuthorityError {
  return new AuthorityError(
    'key-has-role',
    'this security key was certified before, or is somebody else’s, so it can not touch for you: use another one',
  );
}

/**
 * At start, and with each roster: CA keys take their state and their role. One that was never seen is a change of trust, so it
 * stands in the log before it signs.
 * @throws AuthorityError when one of them was seen as something else, was revoked, or is not at hand.
 */
export async function claimCaKeys(authority: Authority): Promise<void> {
  await authority.store.write(async (tx) => {
    await assertOfflineKeys(authority, tx);
    const isAnyActive = await adoptCaKeys(authority, tx);
    await claimEach(authority, tx, await keysAtStart(authority, tx), isAnyActive);
  });
}

/** The same within a transaction that may have put another roster in force. */
export async function claimCaKeysIn(authority: Authority, tx: StoreWriter): Promise<void> {
  await claimEach(authority, tx, await currentCaKeys(authority, tx), false);
}

/** What was an offline key when it was revoked is left out without a word: the service must start on the day after, too. */
async function assertOfflineKeys({ offlineKeys }: Authority, tx: StoreReader): Promise<void> {
  for (const key of offlineKeys) {
    const wasCaKey = (await tx.keyUse(keyIdentity(key)))?.role === 'ca';
    if (!wasCaKey) await assertNotRevoked(tx, key, 'in break_glass');
  }
}

/** @param place where it is named, for people to find it */
async function assertNotRevoked(tx: StoreReader, key: PublicKey, place: string): Promise<void> {
  const name = fingerprint(key);
  if (await tx.isKeyRevoked(name))
    throw new AuthorityError('key-revoked', `the CA key ${name} ${place} was revoked: take another one`);
}

/** Once the settings say that people sign, or no longer do, the roster in force does not fit them until the next one is loaded. */
async function keysAtStart(authority: Authority, tx: StoreReader): Promise<readonly CaKey[]> {
  try {
    return await currentCaKeys(authority, tx);
  } catch (error) {
    if (error instanceof AuthorityError && error.code === 'bad-roster') return ownCaKeys(authority, tx);
    throw error;
  }
}

async function claimEach(
  authority: Authority,
  tx: StoreWriter,
  keys: readonly CaKey[],
  isAnyActive: boolean,
): Promise<void> {
  const created = await createdKeys(tx);
  assertOneUseEach(authority, [...keys, ...created]);
  for (const key of created) await claimCaKey(tx, key);
  let isAnyNew = isAnyActive;
  for (const key of keys) isAnyNew = (await claimCaKey(tx, key)) || isAnyNew;
  if (isAnyNew) await tx.appendLeaf(authorityLeaf(authority, keys));
}

/** Nothing else must get what will sign one day. */
async function createdKeys(tx: StoreReader): Promise<readonly KeyInState[]> {
  const created = (await tx.caKeyRecords()).filter(({ state }) => state === 'created');
  return created.map(({ publicKey, ...others }) => ({ ...others, key: decodePublicKey(publicKey) }));
}

type OfPurpose = Pick<CaKey, 'purpose' | 'key'>;
type KeyInState = OfPurpose & { readonly state: string };

/** @returns whether the key was never seen before. @throws AuthorityError `key-has-role`, `key-revoked` */
export async function claimCaKey(tx: StoreWriter, { purpose, key }: OfPurpose): Promise<boolean> {
  await assertNotRevoked(tx, key, `for ${purpose}`);
  const identity = keyIdentity(key);
  const before = await tx.keyUse(identity);
  const { role } = await tx.claimKey(identity, { role: 'ca' });
  if (role !== 'ca')
    throw new AuthorityError('key-has-role', `the CA key for ${purpose} was used for "${role}" before`);
  return before === undefined;
}

/** Hosts that trust the CA key for logins would else trust it for sudo; and who has the log's would have that, too. */
function assertOneUseEach({ bundleKey, logVerifierKey }: Authority, keys: readonly KeyInState[]): void {
  const logKey = { type: 'ssh-ed25519', point: parseVerifierKey(logVerifierKey).publicKey } as const;
  const taken = new Set([bundleKey.publicKey, logKey].map(keyIdentity));
  for (const { purpose, key, state } of keys) {
    // An offline key is meant for both: it stands there once for each.
    if (state === 'offline' && purpose !== 'login') continue;
    const identity = keyIdentity(key);
    if (taken.has(identity))
      throw new AuthorityError(
        'key-has-role',
        `the ${state === 'offline' ? 'offline key' : `CA key for ${purpose}`} is also used for something else: each use has its own`,
      );
    taken.add(identity);
  }
}
