import type { Insertable, Kysely, Selectable } from 'kysely';
import type { IssuedCertificate } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { changedRows, firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { prepare, rowOf } from './prepared.ts';
import type { Schema, CertificateTable as Table } from './schema.ts';

const COLUMNS = [
  'serial',
  'purpose',
  'person',
  'key_id',
  'request_id',
  'issued_at',
  'valid_after',
  'valid_before',
  'certificate',
] as const;

export class CertificateTable {
  readonly #queries: ReturnType<typeof certificateQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = certificateQueries(db);
  }

  async find(run: Run, serial: bigint): Promise<IssuedCertificate | undefined> {
    const row = await firstRow(run, this.#queries.find({ serial }));
    return row === undefined ? undefined : readRow(row);
  }

  async serialsBetween(run: Run, least: bigint, end: bigint): Promise<readonly bigint[]> {
    const { rows } = await run(this.#queries.serialsBetween({ least, end }));
    return rows.map(({ serial }) => serial);
  }

  async countIssued(run: Run, person: string, since: number, most: number): Promise<number> {
    const row = await firstRow(run, this.#queries.count({ person, since, most }));
    return Number(row?.issued ?? 0n);
  }

  async insert(run: Run, certificate: IssuedCertificate): Promise<void> {
    const inserted = await changedRows(run, this.#queries.insert(writeRow(certificate)));
    if (inserted !== 1) throw new StoreError('duplicate', 'a certificate with this serial exists');
  }
}

function certificateQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ serial: bigint }, Selectable<Table>>((param) =>
      db.selectFrom('certificate').select(COLUMNS).where('serial', '=', param('serial')),
    ),
    serialsBetween: prepare<{ least: bigint; end: bigint }, { serial: bigint }>((param) =>
      db
        .selectFrom('certificate')
        .select('serial')
        .where('serial', '>=', param('least'))
        .where('serial', '<', param('end'))
        .orderBy('serial'),
    ),
    count: prepare<{ person: string; since: number; most: number }, { issued: bigint }>((param) =>
      db
        .selectFrom((query) =>
          query
            .selectFrom('certificate')
            .select('serial')
            .where('person', '=', param('person'))
            .where('issued_at', '>=', param('since'))
            .limit(param('most'))
            .as('some'),
        )
        .select((is) => is.fn.countAll<bigint>().as('issued')),
    ),
    insert: prepare<Insertable<Table>, unknown>((param) =>
      db
        .insertInto('certificate')
        .values(rowOf(param, COLUMNS))
        .onConflict((conflict) => conflict.column('serial').doNothing()),
    ),
  };
}

function writeRow(issued: IssuedCertificate): Insertable<Table> {
  return {
    serial: issued.serial,
    purpose: issued.purpose,
    person: issued.person,
    key_id: issued.keyId,
    request_id: issued.requestId,
    issued_at: issued.issuedAt,
    valid_after: issued.validAfter,
    valid_before: issued.validBefore,
    certificate: issued.certificate,
  };
}

function readRow(row: Selectable<Table>): IssuedCertificate {
  return {
    serial: row.serial,
    // Written from an IssuedCertificate only, and never changed.
    purpose: row.purpose as IssuedCertificate['purpose'],
    person: row.person,
    keyId: row.key_id,
    requestId: row.request_id,
    issuedAt: Number(row.issued_at),
    validAfter: Number(row.valid_after),
    validBefore: Number(row.valid_before),
    certificate: row.certificate,
  };
}
