import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Machine } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { firstRow } from './connection.ts';
import { prepare, rowOf } from './prepared.ts';
import { readRecordJson, writeRecordJson } from './record-json.ts';
import type { Schema, MachineTable as Table } from './schema.ts';

const CHANGING = [
  'generation',
  'next_hash',
  'last_hash',
  'keys',
  'serials',
  'enrolled_at',
  'renewed_at',
  'locked_at',
] as const;
const COLUMNS = ['name', ...CHANGING] as const;

type Row = Selectable<Table>;

/** Hosts that have enrolled. */
export class MachineTable {
  readonly #queries: ReturnType<typeof machineQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = machineQueries(db);
  }

  async find(run: Run, name: string): Promise<Machine | undefined> {
    const row = await firstRow(run, this.#queries.find({ name }));
    return row === undefined ? undefined : readRow(row);
  }

  async list(run: Run): Promise<readonly Machine[]> {
    return (await run(this.#queries.list({}))).rows.map(readRow);
  }

  async save(run: Run, machine: Machine): Promise<void> {
    await run(this.#queries.save(writeRow(machine)));
  }
}

function machineQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ name: string }, Row>((param) =>
      db.selectFrom('machine').select(COLUMNS).where('name', '=', param('name')),
    ),
    list: prepare<object, Row>(() => db.selectFrom('machine').select(COLUMNS).orderBy('name')),
    save: prepare<Insertable<Table>, unknown>((param) =>
      db
        .insertInto('machine')
        .values(rowOf(param, COLUMNS))
        .onConflict((conflict) => conflict.column('name').doUpdateSet(rowOf(param, CHANGING))),
    ),
  };
}

function writeRow(machine: Machine): Insertable<Table> {
  return {
    name: machine.name,
    generation: machine.generation,
    next_hash: machine.nextHash,
    last_hash: machine.lastHash,
    keys: writeRecordJson(machine.keys),
    serials: writeRecordJson(machine.serials),
    enrolled_at: machine.enrolledAt,
    renewed_at: machine.renewedAt,
    locked_at: machine.lockedAt ?? null,
  };
}

function readRow(row: Row): Machine {
  return {
    name: row.name,
    generation: Number(row.generation),
    nextHash: row.next_hash,
    lastHash: row.last_hash,
    keys: readRecordJson<Machine['keys']>(row.keys),
    serials: readRecordJson<Machine['serials']>(row.serials),
    enrolledAt: Number(row.enrolled_at),
    renewedAt: Number(row.renewed_at),
    ...(row.locked_at === null ? {} : { lockedAt: Number(row.locked_at) }),
  };
}
