/** The stages of replacing a CA key, and the end of a stolen one. Each is an act of a person, carried out in one transaction. */
import { LOGIN_LIFETIME } from '../policy/roster.ts';
import { formatTime } from '../policy/time.ts';
import type { Act } from '../ssh/act.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { decodePublicKey, encodePublicKey, fingerprint, formatPublicKeyLine } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { authorityLeaf } from './authority-leaf.ts';
import { BREAK_GLASS_PURPOSES } from './break-glass.ts';
import { currentCaKeys, peopleSign } from './ca-keys.ts';
import { changeCaKey, isOver } from './ca-states.ts';
import { AuthorityError } from './error.ts';
import { hostsLackingKey, syncedHosts } from './host-trust.ts';
import { claimCaKey } from './key-roles.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import type { Purpose } from './purpose.ts';
import { PURPOSES } from './purpose.ts';
import { assertSigns } from './ready.ts';
import type { ActResult, CaKeyRecord, CaKeyState } from './records.ts';
import { livePages, logRevocation } from './revoke-live.ts';

export type CaAct = Extract<Act, { kind: 'stage-ca' | 'activate-ca' | 'retire-ca' | 'revoke-ca' }>;
type ActOf<Kind extends CaAct['kind']> = Extract<CaAct, { kind: Kind }>;

export type CaKeyResult = Extract<ActResult, { kind: 'ca-key' }>;

/** What hosts read at most: one that signs, one to come, and two whose certificates may still count. */
const MOST_PUBLISHED = 4;
/** A refusal is read by a person. */
const MOST_NAMED = 8;

/** @throws AuthorityError when it can not be done as things are; then nothing of it stays. */
export async function carryOutCaAct(
  authority: Authority,
  tx: StoreWriter,
  act: CaAct,
  now: number,
): Promise<CaKeyResult> {
  const offline = offlineKeyOf(authority, act);
  if (offline !== undefined) return revokeOffline(authority, tx, offline, now);
  const purpose = ownPurpose(authority, act.purpose);
  switch (act.kind) {
    case 'stage-ca':
      return resultOf(await stage(authority, tx, purpose, act, now));
    case 'activate-ca':
      return resultOf(await activate(authority, tx, purpose, act, now));
    case 'retire-ca':
      return resultOf(await retire(tx, purpose, act, now));
    case 'revoke-ca':
      return revoke(tx, purpose, act, now);
  }
}

interface OfflineRevocation {
  readonly purpose: Purpose;
  readonly key: PublicKey;
  readonly reason: string;
}

/** An offline key has no stages, but it can be stolen. @returns undefined for every other act */
function offlineKeyOf({ offlineKeys }: Authority, act: CaAct): OfflineRevocation | undefined {
  if (act.kind !== 'revoke-ca') return undefined;
  const purpose = BREAK_GLASS_PURPOSES.find((each) => each === act.purpose);
  const key = offlineKeys.find((each) => fingerprint(each) === act.key);
  if (purpose === undefined || key === undefined) return undefined;
  return { purpose, key, reason: act.reason };
}

function ownPurpose(authority: Authority, name: string): Purpose {
  const purpose = PURPOSES.find((each) => each === name);
  if (purpose === undefined) throw new AuthorityError('unknown-ca-key', `there is no purpose ${name}`);
  if (peopleSign(authority, purpose))
    throw wrongState(`security keys of people sign for ${purpose}, named by the roster: usher sudo-ca sign`);
  return purpose;
}

/** created → coming: hosts and clients get it before it signs. */
async function stage(
  authority: Authority,
  tx: StoreWriter,
  purpose: Purpose,
  { key }: ActOf<'stage-ca'>,
  now: number,
): Promise<CaKeyRecord> {
  await assertRoom(tx, purpose);
  const record =
    key === '' ? await make(authority, tx, purpose, now) : await findIn(tx, purpose, key, ['created']);
  await assertNotRevoked(tx, record);
  await assertUsable(authority, record);
  return changeCaKey(tx, record, 'coming', '', now);
}

async function assertRoom(tx: StoreReader, purpose: Purpose): Promise<void> {
  const records = await recordsOf(tx, purpose);
  const coming = records.find(({ state }) => state === 'coming');
  if (coming !== undefined)
    throw wrongState(`${nameOf(coming)} is coming already: activate it, or revoke it`);
  const published = records.filter(({ state }) => state !== 'created' && !isOver(state));
  if (published.length >= MOST_PUBLISHED)
    throw wrongState(`${MOST_PUBLISHED} CA keys for ${purpose} are published already: retire one first`);
}

/** After everything that may refuse it, so that no file is left over. */
async function make(
  { keyring }: Authority,
  tx: StoreWriter,
  purpose: Purpose,
  now: number,
): Promise<CaKeyRecord> {
  const signer = await keyring.make(purpose);
  if (signer === undefined)
    throw wrongState(
      `the CA keys for ${purpose} are not plain files that usherd may write: make a key, add it to signers.${purpose} in usherd.yaml, restart usherd, then stage it by its fingerprint`,
    );
  await claimCaKey(tx, { purpose, key: signer.publicKey });
  return { purpose, publicKey: encodePublicKey(signer.publicKey), state: 'created', since: now };
}

/** A list names it: certificates by it would count nowhere. */
async function assertNotRevoked(tx: StoreReader, record: CaKeyRecord): Promise<void> {
  if (await tx.isKeyRevoked(nameOf(record)))
    throw new AuthorityError('key-revoked', `${nameOf(record)} was revoked: take another key`);
}

/** coming → active; the one that was active is retired. */
async function activate(
  authority: Authority,
  tx: StoreWriter,
  purpose: Purpose,
  { key, evenWithout }: ActOf<'activate-ca'>,
  now: number,
): Promise<CaKeyRecord> {
  const record = await findIn(tx, purpose, key, ['coming']);
  const active = (await recordsOf(tx, purpose)).find(({ state }) => state === 'active');
  await assertNotRevoked(tx, record);
  if (purpose === 'host') assertClientsKnow(record, active, evenWithout, now);
  else await assertHostsKnow(authority, tx, record, evenWithout);
  await assertUsable(authority, record);
  if (active !== undefined) await changeCaKey(tx, active, 'retired', '', now);
  return changeCaKey(tx, record, 'active', '', now);
}

/**
 * Whoever signed in before it was published learns of it with the next login. Where no key signs any more, there is nothing to
 * wait for: the certificates that hosts have count no longer.
 */
function assertClientsKnow(
  { publishedAt = 0 }: CaKeyRecord,
  active: CaKeyRecord | undefined,
  evenWithout: readonly string[],
  now: number,
): void {
  if (evenWithout.length > 0) throw notAmong(evenWithout);
  const known = publishedAt + LOGIN_LIFETIME.most;
  if (active !== undefined && now < known)
    throw new AuthorityError(
      'clients-lack-key',
      `clients learn of the key with their next login, the last of them at ${formatTime(known)}: activate it then`,
    );
}

async function assertHostsKnow(
  { rosters }: Authority,
  tx: StoreReader,
  record: CaKeyRecord,
  evenWithout: readonly string[],
): Promise<void> {
  const roster = await rosters.in(tx);
  const synced = (await syncedHosts(tx, roster)).map(({ name }) => name);
  const unknown = evenWithout.filter((name) => !synced.includes(name));
  if (unknown.length > 0) throw notAmong(unknown);
  const lacking = await hostsLackingKey(tx, roster, record.purpose, nameOf(record));
  const left = lacking.filter((name) => !evenWithout.includes(name));
  if (left.length > 0)
    throw new AuthorityError('hosts-lack-key', `these hosts do not trust the key yet: ${some(left)}`);
}

function notAmong(names: readonly string[]): AuthorityError {
  return new AuthorityError(
    'unknown-machine',
    `not among the enrolled hosts that are waited for: ${some(names)}`,
  );
}

/** retired → removed: nothing that it signed counts any more by itself. */
async function retire(
  tx: StoreWriter,
  purpose: Purpose,
  { key }: ActOf<'retire-ca'>,
  now: number,
): Promise<CaKeyRecord> {
  const record = await findIn(tx, purpose, key, ['retired']);
  const end = await lastEnd(tx, key, now);
  if (end !== undefined)
    throw wrongState(`certificates by ${key} count until ${formatTime(end)}: retire it then`);
  return changeCaKey(tx, record, 'removed', '', now);
}

async function lastEnd(tx: StoreReader, key: string, now: number): Promise<number | undefined> {
  let end: number | undefined;
  for await (const page of livePages(tx, { kind: 'authority', key }, now))
    for (const { validBefore } of page) end = Math.max(end ?? 0, validBefore);
  return end;
}

/** Of a stolen key nothing counts any more, from whatever state: every list names it. */
async function revoke(
  tx: StoreWriter,
  purpose: Purpose,
  { key, reason }: ActOf<'revoke-ca'>,
  now: number,
): Promise<CaKeyResult> {
  const record = await findIn(tx, purpose, key, ['created', 'coming', 'active', 'retired']);
  const affected = await holdersOf(tx, key, now);
  const revoked = await changeCaKey(tx, record, 'revoked', reason, now);
  await tx.revokeKey(key, now);
  await logRevocation(tx, [], { cause: 'ca', subject: key, reason, key }, now);
  return { ...resultOf(revoked), affected };
}

/** For both of its purposes: it is one key. */
async function revokeOffline(
  authority: Authority,
  tx: StoreWriter,
  { purpose, key, reason }: OfflineRevocation,
  now: number,
): Promise<CaKeyResult> {
  const name = fingerprint(key);
  if (!(await tx.revokeKey(name, now))) throw wrongState(`the offline key ${name} is revoked already`);
  await logRevocation(tx, [], { cause: 'ca', subject: name, reason, key: name }, now);
  await tx.appendLeaf(authorityLeaf(authority, await currentCaKeys(authority, tx)));
  const affected = await holdersOf(tx, name, now);
  return { kind: 'ca-key', purpose, key: formatPublicKeyLine(key), state: 'revoked', affected };
}

/** Who has to get new certificates, by name. */
async function holdersOf(tx: StoreReader, key: string, now: number): Promise<CaKeyResult['affected']> {
  const counts = new Map<string, number>();
  for await (const page of livePages(tx, { kind: 'authority', key }, now))
    for (const { person } of page) counts.set(person, (counts.get(person) ?? 0) + 1);
  return [...counts].sort().map(([holder, certificates]) => ({ holder, certificates }));
}

async function recordsOf(tx: StoreReader, purpose: Purpose): Promise<readonly CaKeyRecord[]> {
  return (await tx.caKeyRecords()).filter((record) => record.purpose === purpose);
}

async function findIn(
  tx: StoreReader,
  purpose: Purpose,
  key: string,
  states: readonly CaKeyState[],
): Promise<CaKeyRecord> {
  const record = (await recordsOf(tx, purpose)).find((each) => nameOf(each) === key);
  if (record === undefined)
    throw new AuthorityError('unknown-ca-key', `there is no CA key ${key} for ${purpose}: usher ca list`);
  if (!states.includes(record.state))
    throw wrongState(
      `the CA key ${key} is ${record.state}; this is done with one that is ${states.join(', ')}`,
    );
  return record;
}

/** What does not sign must neither be waited for nor take the place of a key that does. */
async function assertUsable(authority: Authority, record: CaKeyRecord): Promise<void> {
  const { purpose, publicKey } = record;
  const signer = await authority.keyring.signer(purpose, decodePublicKey(publicKey));
  if (signer === undefined)
    throw new AuthorityError(
      'no-ca-key',
      `no signer has ${nameOf(record)}: name it in usherd.yaml, signers.${purpose}`,
    );
  await assertSigns(authority, signer).catch((cause: unknown) => {
    throw new AuthorityError('signing-failed', `the CA key ${nameOf(record)} does not sign`, { cause });
  });
}

function nameOf({ publicKey }: CaKeyRecord): string {
  return fingerprint(decodePublicKey(publicKey));
}

function resultOf({ purpose, publicKey, state }: CaKeyRecord): CaKeyResult {
  const key = formatPublicKeyLine(decodePublicKey(publicKey));
  return { kind: 'ca-key', purpose, key, state, affected: [] };
}

function wrongState(message: string): AuthorityError {
  return new AuthorityError('wrong-ca-state', message);
}

function some(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return [...names.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
