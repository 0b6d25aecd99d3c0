/**
 * Certificates for hosts, which ask themselves: judge -> sign -> judge again, record and log in one transaction -> release. What
 * was signed and then not recorded is thrown away: a request that comes again is judged from the start.
 */
import type { CertificatesRequest } from '../fleet/host/certificates-document.ts';
import { openCertificatesBody } from '../fleet/host/certificates-document.ts';
import { formatCertificatesReply } from '../fleet/host/certificates-reply.ts';
import type { Certificate } from '../ssh/certificate.ts';
import { decodeCertificate } from '../ssh/certificate.ts';
import type { Alarm, Bell } from './alarm.ts';
import { logAlarm } from './alarm.ts';
import type { Authority } from './authority.ts';
import { activeSigner } from './ca-keys.ts';
import { AuthorityError } from './error.ts';
import { assertMeantForUs, machineLocked, openDocument } from './host-document.ts';
import { lockMachine } from './machine-lock.ts';
import { recordForHost } from './machine-record.ts';
import type { SignedForHost, SigningPlan } from './machine-sign.ts';
import { signForHost } from './machine-sign.ts';
import type { Moment } from './machine-verdict.ts';
import { judge } from './machine-verdict.ts';
import type { StoreReader, StoreWriter } from './ports.ts';
import type { Machine } from './records.ts';

/** What comes of a transaction that must not be rolled back, although the host is refused. */
type Outcome = { readonly alarms: readonly Alarm[] } & (
  | { readonly reply: string }
  | { readonly refusal: AuthorityError }
);

const DAY_SECONDS = 86_400;

/** @param body as the host sent it. @returns the reply, as text. @throws AuthorityError */
export async function certifyHost(authority: Authority, body: string, bell: Bell): Promise<string> {
  const request = openDocument(() => openCertificatesBody(body));
  assertMeantForUs(authority, request);
  const plan = await authority.store.read((tx) => planFor(authority, tx, request));
  const signed = plan === undefined ? undefined : await signForHost(authority, request, plan);
  const outcome = await authority.store.write((tx) => conclude(authority, tx, request, signed));
  for (const alarm of outcome.alarms) bell(alarm);
  if ('refusal' in outcome) throw outcome.refusal;
  return outcome.reply;
}

/** @returns undefined when there is nothing to sign. */
async function planFor(
  authority: Authority,
  tx: StoreReader,
  request: CertificatesRequest,
): Promise<SigningPlan | undefined> {
  const verdict = await judge(await momentOf(authority, tx, request));
  if (verdict.kind !== 'issue') return undefined;
  return { signer: await activeSigner(authority, tx, 'host'), terms: verdict.terms };
}

/** Judges with what is known now: another request of this host may have been first. */
async function conclude(
  authority: Authority,
  tx: StoreWriter,
  request: CertificatesRequest,
  signed: SignedForHost | undefined,
): Promise<Outcome> {
  const moment = { ...(await momentOf(authority, tx, request)), tx };
  const verdict = await judge(moment);
  switch (verdict.kind) {
    case 'again':
      return { alarms: [], reply: await replyFor(tx, verdict.machine) };
    case 'lock': {
      const { machine, reason } = verdict;
      return {
        alarms: [await lockMachine(tx, machine, reason, request.signed, moment.now)],
        refusal: machineLocked(),
      };
    }
    case 'alarm':
      return { alarms: await alarmOnceADay(moment, verdict.detail), refusal: renewalRefused() };
    case 'issue': {
      if (signed === undefined) throw changedMeanwhile();
      const { machine, alarms } = await recordForHost(authority, moment, verdict, signed);
      return { alarms, reply: await replyFor(tx, machine) };
    }
  }
}

async function momentOf<T extends StoreReader>(
  authority: Authority,
  tx: T,
  request: CertificatesRequest,
): Promise<Moment & { readonly tx: T }> {
  return { tx, roster: await authority.rosters.in(tx), request, now: authority.clock.now() };
}

async function replyFor(tx: StoreReader, { name: host, generation, serials }: Machine): Promise<string> {
  const certificates: Certificate[] = [];
  for (const serial of serials) certificates.push(await certificateOf(tx, serial));
  return formatCertificatesReply({ host, generation, certificates });
}

async function certificateOf(tx: StoreReader, serial: bigint): Promise<Certificate> {
  const stored = await tx.findCertificate(serial);
  if (stored === undefined) throw new TypeError(`the certificate ${serial} of a machine is not recorded`);
  return decodeCertificate(stored.certificate);
}

/** Whoever holds the host's key can do it as often as they like; the log is not theirs to fill. */
async function alarmOnceADay(
  { tx, request: { host }, now }: Moment & { readonly tx: StoreWriter },
  detail: string,
): Promise<readonly Alarm[]> {
  const day = Math.floor(now / DAY_SECONDS);
  if (!(await tx.rememberAlarm(`renewal-refused ${host} ${day}`, host, now))) return [];
  return [await logAlarm(tx, 'renewal-refused', host, detail, now)];
}

function renewalRefused(): AuthorityError {
  return new AuthorityError(
    'renewal-refused',
    'this machine is not renewed, what it shows is not what it announced: enrol it with a new token',
  );
}

function changedMeanwhile(): AuthorityError {
  return new AuthorityError('policy-changed', 'things changed meanwhile: try again');
}
