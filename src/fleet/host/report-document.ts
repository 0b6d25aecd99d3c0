/** What a host says of itself after each run. */
import { isFingerprint } from '../../ssh/public-key.ts';
import {
  assertOneSpelling,
  badDocument,
  checkAuthority,
  checkCount,
  checkHash,
  checkHost,
  checkText,
  checkTime,
  formatDocument,
  parseSerial,
  parseWhole,
  readDocument,
} from './document.ts';
import type { HostCall, Signed } from './host-call.ts';
import { checkNonce } from './host-call.ts';
import { openSignedByOne } from './signed-document.ts';

export interface HostReportDocument extends HostCall {
  /** Of the bundle that is installed. */
  readonly number: number;
  readonly filesHash: string;
  /** Versions, as the programs say them; `none` where there is none. */
  readonly openssh: string;
  readonly pamUssh: string;
  /** The CA keys in its files. */
  readonly trusts: readonly { readonly purpose: ReportedPurpose; readonly key: string }[];
  /** Serials of the host certificates that it shows. */
  readonly shows: readonly bigint[];
  /** Certificates that sshd and pam-ussh logged since the last report. */
  readonly seen: readonly { readonly purpose: ReportedPurpose; readonly serial: bigint }[];
  readonly problems: readonly string[];
}

export const REPORTED_PURPOSES = ['login', 'sudo', 'builder'] as const;
export type ReportedPurpose = (typeof REPORTED_PURPOSES)[number];

export const REPORT_LIMITS = { trusts: 64, shows: 8, seen: 1000, problems: 10 } as const;

const FIRST_LINE = 'usher host report v1';
const MAX_CHARACTERS = 49_152;
export const MAX_SIGNED_REPORT_CHARACTERS = 57_344;

/** The text to sign. @throws FleetError `bad-document` */
export function formatReport(report: HostReportDocument): string {
  checkCount(report.trusts, 'trusts', 0, REPORT_LIMITS.trusts);
  checkCount(report.shows, 'shows', 0, REPORT_LIMITS.shows);
  checkCount(report.seen, 'seen', 0, REPORT_LIMITS.seen);
  checkCount(report.problems, 'problem', 0, REPORT_LIMITS.problems);
  return formatDocument(FIRST_LINE, [
    ['authority', checkAuthority(report.authority)],
    ['host', checkHost(report.host)],
    ['time', String(checkTime(report.time))],
    ['nonce', checkNonce(report.nonce)],
    ['number', String(report.number)],
    ['files-sha256', checkHash(report.filesHash)],
    ['openssh', checkText(report.openssh)],
    ['pam-ussh', checkText(report.pamUssh)],
    ...report.trusts.map(({ purpose, key }) => ['trusts', `${purpose} ${checkFingerprint(key)}`] as const),
    ...report.shows.map((serial) => ['shows', String(serial)] as const),
    ...report.seen.map(({ purpose, serial }) => ['seen', `${purpose} ${serial}`] as const),
    ...report.problems.map((text) => ['problem', checkText(text)] as const),
  ]);
}

/** @throws FleetError `bad-document`, `bad-signature` */
export function openReport(signed: string): Signed<HostReportDocument> {
  if (signed.length > MAX_SIGNED_REPORT_CHARACTERS)
    throw badDocument(`it has more than ${MAX_SIGNED_REPORT_CHARACTERS} characters`);
  const { text, signer } = openSignedByOne(signed);
  const report = parseReport(text);
  assertOneSpelling(text, formatReport(report));
  return { ...report, signer };
}

function parseReport(text: string): HostReportDocument {
  const fields = readDocument(text, FIRST_LINE, MAX_CHARACTERS);
  return {
    authority: fields.one('authority'),
    host: fields.one('host'),
    time: parseWhole(fields.one('time')),
    nonce: fields.one('nonce'),
    number: parseWhole(fields.one('number')),
    filesHash: fields.one('files-sha256'),
    openssh: fields.one('openssh'),
    pamUssh: fields.one('pam-ussh'),
    trusts: fields.all('trusts').map((value) => {
      const [purpose, key] = splitPurpose(value);
      return { purpose, key };
    }),
    shows: fields.all('shows').map(parseSerial),
    seen: fields.all('seen').map((value) => {
      const [purpose, serial] = splitPurpose(value);
      return { purpose, serial: parseSerial(serial) };
    }),
    problems: fields.all('problem'),
  };
}

function splitPurpose(value: string): readonly [purpose: ReportedPurpose, rest: string] {
  const [word, ...rest] = value.split(' ');
  const purpose = REPORTED_PURPOSES.find((known) => known === word);
  if (purpose === undefined) throw badDocument('a purpose is login, sudo or builder');
  return [purpose, rest.join(' ')];
}

function checkFingerprint(text: string): string {
  if (!isFingerprint(text)) throw badDocument('a key is named by its fingerprint');
  return text;
}
