/** What this host says of itself after each run: what it trusts and shows, and which certificates were used here. Without it a sync is as good. */
import { MAX_TEXT_CHARACTERS } from '../../src/fleet/host/document.ts';
import type { HostReportDocument, ReportedPurpose } from '../../src/fleet/host/report-document.ts';
import { formatReport, REPORT_LIMITS } from '../../src/fleet/host/report-document.ts';
import { hostFiles } from '../../src/fleet/host-facts.ts';
import { SshError } from '../../src/ssh/error.ts';
import { fingerprint, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { moduleVersion } from '../doctor/host/module.ts';
import { UsherCommandError } from '../error.ts';
import { warn } from '../terminal.ts';
import type { ReadLog } from './auth-log.ts';
import { readAuthLog } from './auth-log.ts';
import type { MachineBundle } from './bundle.ts';
import { callOf, sendReport } from './calls.ts';
import { placedCertificates } from './certificates.ts';
import { readPlain, readPlainText } from './files.ts';
import type { Machine } from './machine.ts';
import { complaintOf, runOnHost } from './programs.ts';
import { JOURNAL } from './settings.ts';

type TrustedKey = HostReportDocument['trusts'][number];

const NONE = 'none';
const CUT_OFF =
  'a line of sshd can not be read to its end: which certificate it accepted, and by which CA key, is not known';
const IS_BEHIND = 'grows faster than this host reports it: somebody may hide certificates behind other lines';

/**
 * Says what went wrong; never throws for it. @param problems in the words of people.
 * @returns what somebody has to look at.
 */
export async function reportHost(
  machine: Machine,
  { statement }: Pick<MachineBundle, 'statement'>,
  problems: readonly string[],
): Promise<readonly string[]> {
  try {
    const trusts = await trustedKeys(machine);
    const log = await readLog(machine, trusts);
    const facts = { ...(await ownFacts(machine)), number: statement.number, filesHash: statement.filesHash };
    const all = [...problems, ...log.problems, ...log.faults].map(asText).slice(0, REPORT_LIMITS.problems);
    const report = { ...callOf(machine), ...facts, trusts, seen: log.seen, problems: all };
    await sendReport(machine, formatReport(report));
    if (log.position !== undefined) await machine.state.saveSeen(log.position);
    return log.faults;
  } catch (error) {
    if (!(error instanceof UsherCommandError)) throw error;
    warn(machine.surroundings, `the report did not arrive: ${error.message}`);
    return [];
  }
}

/** By the files in place, whoever put them there. */
async function trustedKeys({ files, settings }: Machine): Promise<readonly TrustedKey[]> {
  const { loginCa, sudoCa, builderCa } = hostFiles(settings.directory);
  const places: readonly (readonly [ReportedPurpose, string])[] = [
    ['login', loginCa],
    ['sudo', sudoCa],
    ['builder', builderCa],
  ];
  const keys = await Promise.all(
    places.map(async ([purpose, path]) =>
      fingerprintsIn((await readPlainText(files, path)) ?? '').map((key) => ({ purpose, key })),
    ),
  );
  return keys.flat().slice(0, REPORT_LIMITS.trusts);
}

function fingerprintsIn(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return [...new Set(lines.flatMap(fingerprintOf))];
}

/** A line that sshd would not understand either is no key that it trusts. */
function fingerprintOf(line: string): readonly string[] {
  try {
    return [fingerprint(parsePublicKeyLine(line).key)];
  } catch (error) {
    if (error instanceof SshError) return [];
    throw error;
  }
}

interface ReadNow extends Pick<ReadLog, 'seen' | 'position'> {
  readonly problems: readonly string[];
  readonly faults: readonly string[];
}

async function readLog(machine: Machine, trusts: readonly TrustedKey[]): Promise<ReadNow> {
  const { surroundings, settings, state } = machine;
  const trusted = new Map(trusts.map(({ purpose, key }) => [key, purpose]));
  const { authLog } = settings;
  const name = authLog === JOURNAL ? 'the journal' : authLog;
  try {
    const before = await state.seen();
    const log = await readAuthLog(surroundings, authLog, before, trusted);
    const problems = log.isAnyCutOff ? [`${CUT_OFF} (${name})`] : [];
    for (const problem of problems) warn(surroundings, problem);
    // The first time there may be a long past.
    const faults = log.isMoreLeft && before !== undefined ? [`${name} ${IS_BEHIND}`] : [];
    return { ...log, problems, faults };
  } catch (error) {
    const problem = `${name} can not be read: ${error instanceof Error ? error.message : 'unknown reason'}`;
    warn(surroundings, problem);
    return { seen: [], position: undefined, problems: [problem], faults: [] };
  }
}

async function ownFacts(
  machine: Machine,
): Promise<Pick<HostReportDocument, 'openssh' | 'pamUssh' | 'shows'>> {
  const { files, settings } = machine;
  const [module, placed] = await Promise.all([
    readPlain(files, settings.pamUssh),
    placedCertificates(machine),
  ]);
  return {
    openssh: asText(await opensshVersion(machine)),
    pamUssh: asText(module === undefined ? NONE : moduleVersion(module)),
    shows: placed.flatMap((certificate) => (certificate === undefined ? [] : [certificate.fields.serial])),
  };
}

/** "OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.14 4 Jun 2024"; an sshd before 9.2 has no option for it, and says it in its complaint. */
async function opensshVersion({ surroundings, settings }: Machine): Promise<string> {
  const result = await runOnHost(surroundings, [settings.sshd, '-V']);
  const version = /^OpenSSH_[^,\n]*/m.exec(result.stderr)?.[0];
  return version ?? complaintOf(result);
}

/** As a document takes it: printable ASCII, not endless. */
function asText(text: string): string {
  return (
    text
      .replaceAll(/[^\x20-\x7e]/g, '?')
      .slice(0, MAX_TEXT_CHARACTERS)
      .trim() || NONE
  );
}
