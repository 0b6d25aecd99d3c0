/**
 * What a request for host certificates gets (design: machines). A machine's generation counts what it was served; each request
 * shows the secret that the one before announced, and announces the next. So whoever copied the disk, or put an old one back,
 * shows sooner or later, and then nobody of the two gets anything.
 */
import { hex } from '@scure/base';
import type { CertificatesRequest } from '../fleet/host/certificates-document.ts';
import type { LockReason } from '../log/machine-bodies.ts';
import { decideAct } from '../policy/decide-act.ts';
import { decideHost } from '../policy/decide-host.ts';
import type { Terms } from '../policy/decision.ts';
import type { Roster } from '../policy/roster.ts';
import { AuthorityError } from './error.ts';
import { hostCallRefused, machineLocked } from './host-document.ts';
import { assertKeysOfHost, hasKeys, hasOneOf } from './machine-keys.ts';
import type { StoreReader } from './ports.ts';
import type { HostToken, Machine } from './records.ts';

export type Verdict =
  /** The reply was lost: the same certificates once more. */
  | { readonly kind: 'again'; readonly machine: Machine }
  | { readonly kind: 'issue'; readonly terms: Terms; readonly token?: HostToken; readonly machine?: Machine }
  | { readonly kind: 'lock'; readonly machine: Machine; readonly reason: LockReason }
  /** Nothing that an honest host ever sends: refused, and somebody should look. */
  | { readonly kind: 'alarm'; readonly detail: string };

export interface Moment {
  readonly tx: StoreReader;
  readonly roster: Roster;
  readonly request: CertificatesRequest;
  readonly now: number;
}

/** Eight keys that renew every day. */
const MOST_LIVE = 240;

/** The signatures and the time are verified already. @throws AuthorityError for a refusal that changes nothing. */
export async function judge(moment: Moment): Promise<Verdict> {
  const { tx, request } = moment;
  const machine = await tx.findMachine(request.host);
  return request.generation === 0 ? judgeToken(moment, machine) : judgeRenewal(moment, machine);
}

async function judgeToken(moment: Moment, machine: Machine | undefined): Promise<Verdict> {
  const { tx, request, now } = moment;
  const token = await tx.findHostToken(request.secretHash);
  if (token === undefined || token.host !== request.host) throw tokenUnknown();
  const terms = termsOf(moment);
  if (token.usedAt !== undefined) return judgeUsedToken(request, machine);
  assertMayStillInvite(moment, token);
  if (now >= token.expiresAt)
    throw new AuthorityError('token-expired', 'this token is over: ask for a new one');
  await assertKeysOfHost(tx, request.host, request.keys, now);
  return { kind: 'issue', terms, token, ...(machine === undefined ? {} : { machine }) };
}

/** Who lost the right to enrol hosts, or left, does it with no token of before either. */
function assertMayStillInvite({ roster, now }: Moment, { id, host, person }: HostToken): void {
  const act = { kind: 'invite-host', host, tokenHash: hex.decode(id) } as const;
  if (decideAct(roster, person, act, now).kind !== 'grant') throw tokenUnknown();
}

/** A token that was used is the secret of what the machine did before; where others found it later, they know no key of the machine. */
function judgeUsedToken(request: CertificatesRequest, machine: Machine | undefined): Verdict {
  const isFirst = machine?.generation === 1 && hex.encode(machine.lastHash) === request.secretHash;
  const isHolder = machine !== undefined && machine.generation > 1 && hasOneOf(machine, request.keys);
  if (machine === undefined || !(isFirst || isHolder))
    throw new AuthorityError('token-used', 'this token has been used already: ask for a new one');
  if (machine.lockedAt !== undefined) throw machineLocked();
  if (!isFirst) return { kind: 'lock', machine, reason: 'old-generation' };
  return servedBefore(request, machine);
}

async function judgeRenewal(moment: Moment, machine: Machine | undefined): Promise<Verdict> {
  const { request } = moment;
  if (machine === undefined || !hasOneOf(machine, request.keys)) throw hostCallRefused();
  const terms = termsOf(moment);
  if (machine.lockedAt !== undefined) throw machineLocked();
  const behind = machine.generation - request.generation;
  if (behind === 1) return servedBefore(request, machine);
  if (behind > 1) return { kind: 'lock', machine, reason: 'old-generation' };
  if (behind < 0) return { kind: 'alarm', detail: 'it names a generation that is still to come' };
  if (hex.encode(machine.nextHash) !== request.secretHash)
    return { kind: 'alarm', detail: 'its secret is not the one that was announced' };
  await assertRenewable(moment, machine);
  return { kind: 'issue', terms, machine };
}

/** The request that was served last, or one in its place: then there are two that had its secret. */
function servedBefore(request: CertificatesRequest, machine: Machine): Verdict {
  const isSame =
    hex.encode(machine.lastHash) === request.secretHash &&
    hex.encode(machine.nextHash) === request.nextHash &&
    hasKeys(machine, request.keys);
  return isSame ? { kind: 'again', machine } : { kind: 'lock', machine, reason: 'two-holders' };
}

/** @throws AuthorityError `renewal-refused`, `key-has-role`, `key-revoked`, `too-many-certificates` */
async function assertRenewable({ tx, request, now }: Moment, machine: Machine): Promise<void> {
  if (!hasKeys(machine, request.keys)) throw refused('it has other keys than it enrolled with');
  await assertKeysOfHost(tx, machine.name, request.keys, now);
  await assertNotTooMany(tx, machine.name, now);
  for (const serial of machine.serials) {
    const stored = await tx.findCertificate(serial);
    if (stored === undefined || now >= stored.validBefore) throw refused('its certificate has ended');
    const cause = await tx.revocationCause(serial);
    // A name was taken away from a host that the roster still has: not because of the host. One that left the roster is locked.
    if (cause !== undefined && cause !== 'roster') throw refused('its certificate was revoked');
  }
}

/** Who holds one host's keys must not fill the log. */
async function assertNotTooMany(tx: StoreReader, holder: string, now: number): Promise<void> {
  const filter = { kind: 'holder', purposes: ['host'], holder } as const;
  const live = await tx.liveCertificates(filter, now, { after: 0n, most: MOST_LIVE });
  if (live.length === MOST_LIVE)
    throw new AuthorityError(
      'too-many-certificates',
      'this host has renewed too often: try again in some days',
    );
}

/** @throws AuthorityError `unknown-host`, or why the roster gives it no certificate */
function termsOf({ roster, request }: Moment): Terms {
  const decision = decideHost(roster, request.host, request.keys);
  if (decision.kind === 'grant') return decision.terms;
  const code = decision.code === 'host-unknown' ? 'unknown-host' : decision.code;
  throw new AuthorityError(code, decision.reason);
}

function tokenUnknown(): AuthorityError {
  return new AuthorityError('token-unknown', 'this token is not known: ask for a new one');
}

function refused(why: string): AuthorityError {
  return new AuthorityError(
    'renewal-refused',
    `this machine is not renewed, ${why}: enrol it with a new token`,
  );
}
