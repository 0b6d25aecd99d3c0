/** How the CA keys stand, and what each host says that it knows of them: what a person looks at who replaces one. */
import { mayInspect } from '../policy/decide-act.ts';
import { decodePublicKey, fingerprint } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { StoreReader } from './ports.ts';
import type { CaKeyRecord, HostReport, Machine } from './records.ts';
import { livePages } from './revoke-live.ts';

export interface ListedCaKey extends CaKeyRecord {
  /** How many certificates that it signed count still. */
  readonly certificates: number;
}

export interface ListedHost extends Machine {
  readonly report?: HostReport;
}

export interface CaKeyList {
  readonly keys: readonly ListedCaKey[];
  readonly hosts: readonly ListedHost[];
}

/** @throws AuthorityError `right-missing` for whoever may change nothing of the authority */
export async function listCaKeys(authority: Authority, person: string): Promise<CaKeyList> {
  const now = authority.clock.now();
  return authority.store.read(async (tx) => {
    if (!mayInspect(await authority.rosters.in(tx), person))
      throw new AuthorityError('right-missing', 'no role of yours has a right over the authority');
    return { keys: await listedKeys(tx, now), hosts: await listedHosts(tx) };
  });
}

async function listedKeys(tx: StoreReader, now: number): Promise<readonly ListedCaKey[]> {
  const keys: ListedCaKey[] = [];
  for (const record of await tx.caKeyRecords())
    keys.push({ ...record, certificates: await countLive(tx, record, now) });
  return keys;
}

async function countLive(tx: StoreReader, { publicKey }: CaKeyRecord, now: number): Promise<number> {
  const filter = { kind: 'authority', key: fingerprint(decodePublicKey(publicKey)) } as const;
  let count = 0;
  for await (const page of livePages(tx, filter, now)) count += page.length;
  return count;
}

async function listedHosts(tx: StoreReader): Promise<readonly ListedHost[]> {
  const reports = new Map((await tx.listHostReports()).map((report) => [report.host, report]));
  return (await tx.listMachines()).map((machine) => {
    const report = reports.get(machine.name);
    return report === undefined ? machine : { ...machine, report };
  });
}
