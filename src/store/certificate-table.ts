import type { Insertable, Kysely } from 'kysely';
import type { IssuedCertificate } from '../authority/records.ts';
import type { CertificateRow } from './certificate-row.ts';
import {
  CERTIFICATE_COLUMNS,
  KEY_COLUMNS,
  MAX_SERIAL,
  readCertificateRow,
  writeCertificateRow,
} from './certificate-row.ts';
import type { Run } from './connection.ts';
import { changedRows, firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { prepare, rowOf } from './prepared.ts';
import type { CertificateTouchTable, Schema, CertificateTable as Table } from './schema.ts';

export class CertificateTable {
  readonly #queries: ReturnType<typeof certificateQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = certificateQueries(db);
  }

  async find(run: Run, serial: bigint): Promise<IssuedCertificate | undefined> {
    if (serial > MAX_SERIAL) return undefined;
    const row = await firstRow(run, this.#queries.find({ serial }));
    return row === undefined ? undefined : readCertificateRow(row);
  }

  async serialsBetween(run: Run, least: bigint, end: bigint): Promise<readonly bigint[]> {
    const { rows } = await run(this.#queries.serialsBetween({ least, end }));
    return rows.map(({ serial }) => serial);
  }

  async countIssued(run: Run, person: string, since: number, most: number): Promise<number> {
    const row = await firstRow(run, this.#queries.count({ person, since, most }));
    return Number(row?.issued ?? 0n);
  }

  async insert(run: Run, certificate: IssuedCertificate, credentials: readonly string[]): Promise<void> {
    const inserted = await changedRows(run, this.#queries.insert(writeCertificateRow(certificate)));
    if (inserted !== 1) throw new StoreError('duplicate', 'a certificate with this serial exists');
    const { serial, validBefore: valid_before } = certificate;
    for (const credential_id of new Set(credentials))
      await run(this.#queries.insertTouch({ credential_id, valid_before, serial }));
  }
}

function certificateQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ serial: bigint }, CertificateRow>((param) =>
      db.selectFrom('certificate').select(CERTIFICATE_COLUMNS).where('serial', '=', param('serial')),
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
        .values(rowOf(param, [...CERTIFICATE_COLUMNS, ...KEY_COLUMNS]))
        .onConflict((conflict) => conflict.column('serial').doNothing()),
    ),
    insertTouch: prepare<Insertable<CertificateTouchTable>, unknown>((param) =>
      db.insertInto('certificate_touch').values(rowOf(param, ['credential_id', 'valid_before', 'serial'])),
    ),
  };
}
