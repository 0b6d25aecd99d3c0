/** The rows of the log. Leaves and nodes are only ever added; the head is the one row that moves. */
import type { Kysely } from 'kysely';
import type { LogHead } from '../authority/ports.ts';
import type { NodeCoordinate, TreeNode } from '../log/merkle.ts';
import { MAX_SERIAL } from './certificate-row.ts';
import type { Run } from './connection.ts';
import { firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { nodePosition } from './node-position.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

export interface StoredHead extends LogHead {
  readonly root: Uint8Array;
}

export interface LeafRow {
  readonly leaf_index: number;
  readonly serial: bigint | null;
  readonly leaf: Uint8Array;
}

/** Rows go in by powers of two, so that a handful of statements serves every number of them. */
const MOST_ROWS = 64;
/** So many hashes are asked for at once; a proof has at most 54 entries of few nodes each. */
const MOST_NODES_READ = 256;

export class LogTable {
  readonly #db: Kysely<Schema>;
  readonly #queries: ReturnType<typeof logQueries>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
    this.#queries = logQueries(db);
  }

  async head(run: Run): Promise<StoredHead> {
    const row = await firstRow(run, this.#queries.head({}));
    if (row === undefined) throw new StoreError('corrupt', 'the log has no head');
    return { size: Number(row.size), root: row.root, checkpoint: row.checkpoint };
  }

  async leaf(run: Run, index: number): Promise<Uint8Array | undefined> {
    return (await firstRow(run, this.#queries.leaf({ index })))?.leaf;
  }

  async leafOfSerial(run: Run, serial: bigint): Promise<{ index: number; leaf: Uint8Array } | undefined> {
    if (serial > MAX_SERIAL) return undefined;
    const row = await firstRow(run, this.#queries.leafOfSerial({ serial }));
    return row === undefined ? undefined : { index: Number(row.leaf_index), leaf: row.leaf };
  }

  /** The hashes that are stored of these places, by position. */
  async nodes(run: Run, places: readonly NodeCoordinate[]): Promise<ReadonlyMap<number, Uint8Array>> {
    const positions = places.map(nodePosition);
    const found = new Map<number, Uint8Array>();
    for (let start = 0; start < positions.length; start += MOST_NODES_READ) {
      const some = padToPowerOfTwo(positions.slice(start, start + MOST_NODES_READ));
      const query = this.#db
        .selectFrom('log_node')
        .select(['position', 'hash'])
        .where('position', 'in', some);
      const { rows } = await run(query.compile());
      for (const row of rows) found.set(Number(row.position), row.hash);
    }
    return found;
  }

  async insertLeaves(run: Run, rows: readonly LeafRow[]): Promise<void> {
    for (const some of powerOfTwoChunks(rows))
      await run(this.#db.insertInto('log_leaf').values(some).compile());
  }

  async insertNodes(run: Run, nodes: readonly TreeNode[]): Promise<void> {
    const rows = nodes.map((node) => ({ position: nodePosition(node), hash: node.hash }));
    for (const some of powerOfTwoChunks(rows))
      await run(this.#db.insertInto('log_node').values(some).compile());
  }

  async moveHead(run: Run, head: StoredHead): Promise<void> {
    await run(this.#queries.moveHead(head));
  }
}

function logQueries(db: Kysely<Schema>) {
  return {
    head: prepare<object, { size: bigint; root: Uint8Array; checkpoint: string }>(() =>
      db.selectFrom('log_head').select(['size', 'root', 'checkpoint']).where('id', '=', 1n),
    ),
    leaf: prepare<{ index: number }, { leaf: Uint8Array }>((param) =>
      db.selectFrom('log_leaf').select('leaf').where('leaf_index', '=', param('index')),
    ),
    leafOfSerial: prepare<{ serial: bigint }, { leaf_index: bigint; leaf: Uint8Array }>((param) =>
      db.selectFrom('log_leaf').select(['leaf_index', 'leaf']).where('serial', '=', param('serial')),
    ),
    moveHead: prepare<StoredHead, unknown>((param) =>
      db
        .updateTable('log_head')
        .set({ size: param('size'), root: param('root'), checkpoint: param('checkpoint') })
        .where('id', '=', 1n),
    ),
  };
}

function powerOfTwoChunks<R>(rows: readonly R[]): readonly (readonly R[])[] {
  const chunks: (readonly R[])[] = [];
  for (let start = 0; start < rows.length; ) {
    const left = rows.length - start;
    const count = Math.min(MOST_ROWS, 2 ** Math.floor(Math.log2(left)));
    chunks.push(rows.slice(start, start + count));
    start += count;
  }
  return chunks;
}

function padToPowerOfTwo(positions: readonly number[]): readonly bigint[] {
  const [first = 0] = positions;
  const padding = 2 ** Math.ceil(Math.log2(positions.length)) - positions.length;
  return [...positions, ...Array<number>(padding).fill(first)].map(BigInt);
}
