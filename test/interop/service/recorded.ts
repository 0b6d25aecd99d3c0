/** What is in the database of an authority that is not running, looked at without our own store. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { base64urlnopad } from '@scure/base';
import { FILES } from '../../../src/compose.ts';
import { openCheckpoint } from '../../../src/log/checkpoint.ts';
import { appendLeaves, EMPTY_FRONTIER, hashLeaf, rootOf } from '../../../src/log/merkle.ts';
import { parseVerifierKey } from '../../../src/log/note-key.ts';
import type { Usherd } from '../../support/usherd.ts';

export interface Recorded {
  readonly size: number;
  /** Serials of certificates, and of leaves of certificates. */
  readonly serials: readonly bigint[];
  readonly serialsInLog: readonly bigint[];
  readonly faults: readonly unknown[];
}

/** @throws when the log is not one consistent tree under its signed checkpoint. */
export async function readRecorded(usherd: Pick<Usherd, 'dir'>, logKey: string): Promise<Recorded> {
  const database = new DatabaseSync(join(usherd.dir, FILES.store), { readOnly: true, readBigInts: true });
  const column = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0]);
  const leaves = column('select leaf from log_leaf order by leaf_index') as Uint8Array[];
  const [checkpoint] = column('select checkpoint from log_head') as string[];
  const recorded = {
    size: leaves.length,
    serials: column('select serial from certificate order by serial') as bigint[],
    serialsInLog: column('select serial from log_leaf where serial is not null order by serial') as bigint[],
    faults: [
      ...column('pragma integrity_check').filter((word) => word !== 'ok'),
      ...column('pragma foreign_key_check'),
    ],
  };
  database.close();
  assertTree(leaves, checkpoint ?? '', logKey);
  return recorded;
}

function assertTree(leaves: readonly Uint8Array[], checkpoint: string, logKey: string): void {
  const { size, root } = openCheckpoint(checkpoint, parseVerifierKey(logKey));
  const { frontier } = appendLeaves(
    EMPTY_FRONTIER,
    leaves.map((leaf) => hashLeaf(leaf)),
  );
  if (size !== leaves.length || Buffer.compare(root, rootOf(frontier)) !== 0)
    throw new Error(`the checkpoint over ${size} leaves is not the tree of the ${leaves.length} leaves`);
}

/** The log's verifier key, as the bundle names it. */
export async function logKeyOf({ origin }: Pick<Usherd, 'origin'>): Promise<string> {
  const { statement } = (await (await fetch(`${origin}/v1/bundle`)).json()) as { statement: string };
  return JSON.parse(new TextDecoder().decode(base64urlnopad.decode(statement))).logKey;
}
