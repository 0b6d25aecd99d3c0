/** Which hosts know a CA key, by what they reported last. */
import type { Roster } from '../policy/roster.ts';
import type { StoreReader } from './ports.ts';
import type { Purpose } from './purpose.ts';
import type { HostReport, Machine } from './records.ts';

/** Hosts that are synced: enrolled, in the roster, not locked. By name. */
export async function syncedHosts(tx: StoreReader, roster: Roster): Promise<readonly Machine[]> {
  const machines = await tx.listMachines();
  return machines.filter(({ name, lockedAt }) => lockedAt === undefined && roster.hosts.has(name));
}

/** Those of them that do not trust the key yet, or said nothing so far; it is named by its fingerprint. */
export async function hostsLackingKey(
  tx: StoreReader,
  roster: Roster,
  purpose: Purpose,
  key: string,
): Promise<readonly string[]> {
  const reports = new Map((await tx.listHostReports()).map((report) => [report.host, report]));
  const hosts = await syncedHosts(tx, roster);
  return hosts.map(({ name }) => name).filter((name) => !trusts(reports.get(name), purpose, key));
}

function trusts(report: HostReport | undefined, purpose: Purpose, key: string): boolean {
  return report?.trusts.some((trusted) => trusted.purpose === purpose && trusted.key === key) ?? false;
}
