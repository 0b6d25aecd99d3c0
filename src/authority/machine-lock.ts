/** A machine that is locked gets nothing, and nothing that it has counts, until it enrols with a new token. */
import { encodeLeaf } from '../log/leaf.ts';
import type { LockReason } from '../log/machine-bodies.ts';
import type { Roster } from '../policy/roster.ts';
import type { Alarm } from './alarm.ts';
import type { StoreWriter } from './ports.ts';
import type { Purpose } from './purpose.ts';
import type { Machine } from './records.ts';
import { revokeLive } from './revoke-live.ts';

const OF_MACHINES: readonly Purpose[] = ['builder', 'host'];

/** A host that comes back to the roster may be another one: its name is given anew, so it enrols anew. */
export async function lockThoseGone(tx: StoreWriter, roster: Roster, now: number): Promise<void> {
  for (const machine of await tx.listMachines())
    if (machine.lockedAt === undefined && !roster.hosts.has(machine.name))
      await lockMachine(tx, machine, 'left-roster', '', now);
}

/** @param document the signed one that showed why; empty when none did. */
export async function lockMachine(
  tx: StoreWriter,
  machine: Machine,
  reason: LockReason,
  document: string,
  now: number,
): Promise<Alarm> {
  const { name: host, generation } = machine;
  await tx.saveMachine({ ...machine, lockedAt: now });
  const request = new TextEncoder().encode(document);
  await tx.appendLeaf(
    encodeLeaf({ kind: 'lock-machine', recordedAt: now, host, generation, reason, request }),
  );
  const cause = { cause: 'lock', subject: host, reason: '' } as const;
  await revokeLive(tx, { kind: 'holder', purposes: OF_MACHINES, holder: host }, cause, now);
  return { what: 'machine-locked', host, detail: `generation ${generation}: ${reason}` };
}
