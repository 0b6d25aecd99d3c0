/** What hosts tell of themselves; and of certificates that they saw, of which one that the log does not know is somebody else's. */
import type { Signed } from '../fleet/host/host-call.ts';
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

/** Of one report, and of one host in a day: who holds one host's key must not fill the log. */
const MOST_ALARMS = 16;
const MOST_DAILY_ALARMS = 64;
const DAY_SECONDS = 86_400;
/** Writers take turns, and each report is one of them. Many at once come from a host that has a long log to tell of. */
const REPORT_SECONDS = 20;
const MOST_AT_ONCE = 60;
/** Ours have 63 bits, and no store looks for more. */
const SERIALS_END = 2n ** 63n;

/** @param body as the host sent it. @throws AuthorityError */
export async function receiveReport(authority: Authority, body: string, bell: Bell): Promise<void> {
  const report = openDocument(() => openReport(body));
  assertMeantForUs(authority, report);
  // Strangers, and those who come too often, get no further than readers.
  const unknown = await authority.store.read(async (tx) => {
    await callingHost(authority, tx, report);
    await busyUntil(tx, report.host, authority.clock.now());
    return unknownOf(tx, report);
  });
  const alarms = await authority.store.write((tx) => record(authority, tx, report, unknown));
  for (const alarm of alarms) bell(alarm);
}

async function record(
  authority: Authority,
  tx: StoreWriter,
  report: Signed<HostReportDocument>,
  unknown: readonly string[],
): Promise<readonly Alarm[]> {
  const now = authority.clock.now();
  await callingHost(authority, tx, report);
  const until = report.time + CALL_SKEW_SECONDS + 1;
  if (!(await tx.rememberNonce(report.nonce, until, now)))
    throw new AuthorityError('call-replayed', 'this report was sent before: each one needs a new nonce');
  const { host, number, openssh, pamUssh, trusts, shows, problems } = report;
  const said = { number, openssh, pamUssh, trusts, shows, problems };
  await tx.saveHostReport({ host, receivedAt: now, ...said, busyUntil: await busyUntil(tx, host, now) });
  return raiseAlarms(tx, host, unknown, now);
}

/** @returns until when this report keeps the host busy. @throws AuthorityError `too-many-reports` */
async function busyUntil(tx: StoreReader, host: string, now: number): Promise<number> {
  const before = (await tx.findHostReport(host))?.busyUntil ?? 0;
  const until = Math.max(before, now) + REPORT_SECONDS;
  if (until > now + MOST_AT_ONCE * REPORT_SECONDS)
    throw new AuthorityError(
      'too-many-reports',
      `this host reports more often than every ${REPORT_SECONDS} seconds: the sync is done, report with the next one`,
    );
  return until;
}

/** What nobody here issued, and no alarm was raised about; the rest of many is told of when it is seen again. */
async function unknownOf(tx: StoreReader, { seen }: HostReportDocument): Promise<readonly string[]> {
  const unknown = new Set<string>();
  for (const each of seen) {
    if (unknown.size === MOST_ALARMS) break;
    const detail = `${each.purpose} ${each.serial}`;
    if ((await isRecorded(tx, each)) || (await tx.isAlarmKnown(keyOf(detail)))) continue;
    unknown.add(detail);
  }
  return [...unknown];
}

async function raiseAlarms(
  tx: StoreWriter,
  host: string,
  unknown: readonly string[],
  now: number,
): Promise<readonly Alarm[]> {
  const alarms: Alarm[] = [];
  const today = now - (now % DAY_SECONDS);
  for (const detail of unknown) {
    if ((await tx.countAlarms(host, today, MOST_DAILY_ALARMS)) === MOST_DAILY_ALARMS)
      return [...alarms, ...(await sayThereAreMore(tx, host, today, now))];
    if (await tx.rememberAlarm(keyOf(detail), host, now))
      alarms.push(await logAlarm(tx, 'unknown-serial', host, detail, now));
  }
  return alarms;
}

async function sayThereAreMore(
  tx: StoreWriter,
  host: string,
  today: number,
  now: number,
): Promise<readonly Alarm[]> {
  if (!(await tx.rememberAlarm(`too-many-alarms ${host} ${today}`, host, now))) return [];
  const detail = `more than ${MOST_DAILY_ALARMS} on this day: look at this host`;
  return [await logAlarm(tx, 'too-many-alarms', host, detail, now)];
}

function keyOf(detail: string): string {
  return `unknown-serial ${detail}`;
}

/** A certificate is recorded before it is released, so one that is not was signed by whoever has a CA key beside us. */
async function isRecorded(tx: StoreReader, { purpose, serial }: Seen): Promise<boolean> {
  if (serial >= SERIALS_END) return false;
  return (await tx.findCertificate(serial))?.purpose === purpose;
}
