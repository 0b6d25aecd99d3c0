/** What hosts tell of themselves; and of certificates that they saw, of which one that the log does not know is somebody else's. */
import type { Signed } from '../fleet/host/fetch-document.ts';
import type { HostReportDocument } from '../fleet/host/report-document.ts';
import { openReport } from '../fleet/host/report-document.ts';
import { CALL_SKEW_SECONDS } from '../ssh/signed-call.ts';
import type { Alarm, Bell } from './alarm.ts';
import { logAlarm } from './alarm.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import { callingHost } from './host-call.ts';
import { assertMeantForUs, openDocument } from './host-document.ts';
import type { StoreReader, StoreWriter } from './ports.ts';

type Seen = HostReportDocument['seen'][number];

/** Of one report: who holds one host's key must not fill the log. The rest is an alarm when it is seen again. */
const MOST_ALARMS = 16;
/** Ours have 63 bits, and no store looks for more. */
const SERIALS_END = 2n ** 63n;

/** @param body as the host sent it. @throws AuthorityError */
export async function receiveReport(authority: Authority, body: string, bell: Bell): Promise<void> {
  const report = openDocument(() => openReport(body));
  assertMeantForUs(authority, report);
  // Writers take turns: strangers get no further than readers.
  await authority.store.read((tx) => callingHost(authority, tx, report));
  const alarms = await authority.store.write((tx) => record(authority, tx, report));
  for (const alarm of alarms) bell(alarm);
}

async function record(
  authority: Authority,
  tx: StoreWriter,
  report: Signed<HostReportDocument>,
): Promise<readonly Alarm[]> {
  const now = authority.clock.now();
  await callingHost(authority, tx, report);
  const until = report.time + CALL_SKEW_SECONDS + 1;
  if (!(await tx.rememberNonce(report.nonce, until, now)))
    throw new AuthorityError('call-replayed', 'this report was sent before: each one needs a new nonce');
  const { host, number, openssh, pamUssh, trusts, shows, problems } = report;
  await tx.saveHostReport({ host, receivedAt: now, number, openssh, pamUssh, trusts, shows, problems });
  return alarmsOf(tx, report, now);
}

async function alarmsOf(
  tx: StoreWriter,
  { host, seen }: HostReportDocument,
  now: number,
): Promise<readonly Alarm[]> {
  const alarms: Alarm[] = [];
  for (const each of seen) {
    if (alarms.length === MOST_ALARMS) break;
    if (await isRecorded(tx, each)) continue;
    const detail = `${each.purpose} ${each.serial}`;
    if (await tx.rememberAlarm(`unknown-serial ${detail}`, now))
      alarms.push(await logAlarm(tx, 'unknown-serial', host, detail, now));
  }
  return alarms;
}

/** A certificate is recorded before it is released, so one that is not was signed by whoever has a CA key beside us. */
async function isRecorded(tx: StoreReader, { purpose, serial }: Seen): Promise<boolean> {
  if (serial >= SERIALS_END) return false;
  return (await tx.findCertificate(serial))?.purpose === purpose;
}
