/** What is lost, stolen or not to be trusted any more: all that follows from it ends, in the transaction that decides so. */
import type { Act } from '../ssh/act.ts';
import { decodePublicKey, fingerprint } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { currentCaKeys } from './ca-keys.ts';
import { AuthorityError } from './error.ts';
import { advance } from './issue.ts';
import { lockMachine } from './machine-lock.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import type { Purpose } from './purpose.ts';
import type { ActResult, IssuedCertificate, Machine } from './records.ts';
import { removeIn } from './remove-credential.ts';
import type { Cause } from './revoke-live.ts';
import { logRevocation, revokeEach, revokeLive } from './revoke-live.ts';

type Revoke = Extract<Act, { kind: 'revoke' }>;

/** Certificates for people, and for machines: a person and a host may have one name. */
const OF_PEOPLE: readonly Purpose[] = ['login', 'sudo'];
const OF_MACHINES: readonly Purpose[] = ['builder', 'host'];
/** A result is kept in the store and sent in one reply. */
const MOST_SHOWN = 1000;

/** @throws AuthorityError `nothing-to-revoke` when nothing would change. */
export async function carryOutRevocation(
  authority: Authority,
  tx: StoreWriter,
  act: Revoke,
  now: number,
): Promise<ActResult> {
  const serials = await revokeTarget(authority, tx, act, now);
  return { kind: 'revoked', count: serials.length, serials: serials.slice(0, MOST_SHOWN) };
}

/** By a signed call alone: a person ends what only the same person holds. @throws AuthorityError `nothing-to-revoke` */
export async function revokeOwn(
  authority: Authority,
  person: string,
  serial: bigint,
  reason: string,
): Promise<void> {
  const now = authority.clock.now();
  await authority.store.write(async (tx) => {
    const certificate = await tx.findCertificate(serial);
    // Somebody else's is not told from none.
    if (certificate?.person !== person || !OF_PEOPLE.includes(certificate.purpose)) throw nothing();
    await revokeSerial(tx, certificate, reason, now);
  });
}

function revokeTarget(
  authority: Authority,
  tx: StoreWriter,
  { target: { kind, name }, reason }: Revoke,
  now: number,
): Promise<readonly bigint[]> {
  const cause: Cause = { cause: kind, subject: name, reason };
  switch (kind) {
    case 'serial':
      return revokeBySerial(tx, BigInt(name), reason, now);
    case 'person':
      return revokePerson(tx, name, cause, now);
    case 'key':
      return revokeKey(authority, tx, name, cause, now);
    case 'machine':
      return revokeMachine(tx, name, cause, now);
    case 'credential':
      return revokeCredential(tx, name, reason, now);
  }
}

async function revokeBySerial(
  tx: StoreWriter,
  serial: bigint,
  reason: string,
  now: number,
): Promise<readonly bigint[]> {
  const certificate = await tx.findCertificate(serial);
  if (certificate === undefined) throw nothing();
  const machine = await machineThatHas(tx, certificate);
  if (machine === undefined) return revokeSerial(tx, certificate, reason, now);
  return revokeMachine(tx, machine.name, { cause: 'serial', subject: `${serial}`, reason }, now);
}

/** It would renew at once what it shows now, so the machine itself is what must not go on. */
async function machineThatHas(
  tx: StoreReader,
  { serial, purpose, person }: IssuedCertificate,
): Promise<Machine | undefined> {
  const machine = purpose === 'host' ? await tx.findMachine(person) : undefined;
  return machine?.serials.includes(serial) === true ? machine : undefined;
}

async function revokeSerial(
  tx: StoreWriter,
  certificate: IssuedCertificate,
  reason: string,
  now: number,
): Promise<readonly bigint[]> {
  if (now >= certificate.validBefore) throw nothing();
  const serials = await revokeEach(tx, [certificate], 'serial', now);
  if (serials.length === 0) throw nothing();
  await logRevocation(tx, serials, { cause: 'serial', subject: `${certificate.serial}`, reason }, now);
  return serials;
}

async function revokePerson(
  tx: StoreWriter,
  person: string,
  cause: Cause,
  now: number,
): Promise<readonly bigint[]> {
  const ended =
    (await endTouched(tx, person, now)) + (await tx.endHostTokens({ kind: 'person', name: person }, now));
  const serials = await revokeLive(tx, { kind: 'holder', purposes: OF_PEOPLE, holder: person }, cause, now);
  if (serials.length + ended === 0) throw nothing();
  return serials;
}

/**
 * What the person touched would be issued after all: once others approve, or whoever signs it now is done, or a later poll has it
 * signed. @returns how many there were
 */
async function endTouched(tx: StoreWriter, person: string, now: number): Promise<number> {
  const touched = await tx.listTouched(person, now);
  const reason = 'what this person holds was revoked while this waited: ask again';
  for (const request of touched)
    await advance(tx, request, { kind: 'denied', refusal: { code: 'policy-changed', reason } });
  return touched.length;
}

/** The key gets no certificate any more, and touches no more if it is a credential. */
async function revokeKey(
  authority: Authority,
  tx: StoreWriter,
  key: string,
  cause: Cause,
  now: number,
): Promise<readonly bigint[]> {
  await assertNoCaKey(authority, tx, key);
  const isNew = await tx.revokeKey(key, now);
  const subjects = await revokeLive(tx, { kind: 'subject', key }, isNew ? { ...cause, key } : cause, now);
  const touched = (await removeIn(tx, key, 'revoked', cause.reason, now))?.serials ?? [];
  const serials = [...subjects, ...touched];
  if (!isNew && serials.length === 0) throw nothing();
  return serials;
}

/** A list that names a CA key ends every certificate by it: that takes the right to do so. */
async function assertNoCaKey(authority: Authority, tx: StoreReader, key: string): Promise<void> {
  const current = (await currentCaKeys(authority, tx)).map((caKey) => caKey.key);
  const known = (await tx.caKeyRecords()).map(({ publicKey }) => decodePublicKey(publicKey));
  if ([...current, ...known].some((caKey) => fingerprint(caKey) === key))
    throw new AuthorityError(
      'key-has-role',
      'this is a CA key: usher ca revoke, or the roster where it is a person’s',
    );
}

/** A locked machine gets nothing until it enrols anew, by a token that is made after this. */
async function revokeMachine(
  tx: StoreWriter,
  name: string,
  cause: Cause,
  now: number,
): Promise<readonly bigint[]> {
  const serials = await revokeLive(tx, { kind: 'holder', purposes: OF_MACHINES, holder: name }, cause, now);
  const tokens = await tx.endHostTokens({ kind: 'host', name }, now);
  const machine = await tx.findMachine(name);
  const isLocked = machine === undefined || machine.lockedAt !== undefined;
  if (!isLocked) await lockMachine(tx, machine, 'revoked', '', now);
  if (isLocked && serials.length + tokens === 0) throw nothing();
  return serials;
}

async function revokeCredential(
  tx: StoreWriter,
  id: string,
  reason: string,
  now: number,
): Promise<readonly bigint[]> {
  const removed = await removeIn(tx, id, 'revoked', reason, now);
  if (removed === undefined) throw nothing();
  return removed.serials;
}

function nothing(): AuthorityError {
  return new AuthorityError(
    'nothing-to-revoke',
    'there is nothing to revoke: it is unknown, or it counts no more already',
  );
}
