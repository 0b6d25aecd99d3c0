import type { Insertable, Kysely, Selectable } from 'kysely';
import type { HostReport } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { firstRow } from './connection.ts';
import { prepare, rowOf } from './prepared.ts';
import { readRecordJson, writeRecordJson } from './record-json.ts';
import type { Schema, HostReportTable as Table } from './schema.ts';

const CHANGING = [
  'received_at',
  'number',
  'openssh',
  'pam_ussh',
  'trusts',
  'shows',
  'problems',
  'busy_until',
] as const;
const COLUMNS = ['host', ...CHANGING] as const;

type Row = Selectable<Table>;

/** The last report of each host. */
export class HostReportTable {
  readonly #queries: ReturnType<typeof hostReportQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = hostReportQueries(db);
  }

  async find(run: Run, host: string): Promise<HostReport | undefined> {
    const row = await firstRow(run, this.#queries.find({ host }));
    return row === undefined ? undefined : readRow(row);
  }

  async list(run: Run): Promise<readonly HostReport[]> {
    return (await run(this.#queries.list({}))).rows.map(readRow);
  }

  async save(run: Run, report: HostReport): Promise<void> {
    await run(this.#queries.save(writeRow(report)));
  }
}

function hostReportQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ host: string }, Row>((param) =>
      db.selectFrom('host_report').select(COLUMNS).where('host', '=', param('host')),
    ),
    list: prepare<object, Row>(() => db.selectFrom('host_report').select(COLUMNS).orderBy('host')),
    save: prepare<Insertable<Table>, unknown>((param) =>
      db
        .insertInto('host_report')
        .values(rowOf(param, COLUMNS))
        .onConflict((conflict) => conflict.column('host').doUpdateSet(rowOf(param, CHANGING))),
    ),
  };
}

function writeRow(report: HostReport): Insertable<Table> {
  return {
    host: report.host,
    received_at: report.receivedAt,
    number: report.number,
    openssh: report.openssh,
    pam_ussh: report.pamUssh,
    trusts: writeRecordJson(report.trusts),
    shows: writeRecordJson(report.shows),
    problems: writeRecordJson(report.problems),
    busy_until: report.busyUntil,
  };
}

function readRow(row: Row): HostReport {
  return {
    host: row.host,
    receivedAt: Number(row.received_at),
    number: Number(row.number),
    openssh: row.openssh,
    pamUssh: row.pam_ussh,
    trusts: readRecordJson<HostReport['trusts']>(row.trusts),
    shows: readRecordJson<HostReport['shows']>(row.shows),
    problems: readRecordJson<HostReport['problems']>(row.problems),
    busyUntil: Number(row.busy_until),
  };
}
