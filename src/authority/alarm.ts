/** What somebody should look at: it stands in the log, and whoever runs the authority is told at once. */
import { encodeLeaf } from '../log/leaf.ts';
import type { AlarmKind } from '../log/machine-bodies.ts';
import type { StoreWriter } from './ports.ts';

export interface Alarm {
  /** A machine that is locked has a leaf of its own. */
  readonly what: AlarmKind | 'machine-locked';
  readonly host: string;
  readonly detail: string;
}

/** Is called after what it tells of is durable. */
export type Bell = (alarm: Alarm) => void;

export async function logAlarm(
  tx: StoreWriter,
  what: AlarmKind,
  host: string,
  detail: string,
  now: number,
): Promise<Alarm> {
  await tx.appendLeaf(encodeLeaf({ kind: 'alarm', recordedAt: now, what, host, detail }));
  return { what, host, detail };
}
