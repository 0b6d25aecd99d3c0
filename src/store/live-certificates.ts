/**
 * Certificates that still count, by what they follow from. They stand in the order of their ends, each filter in an index
 * of its own: so a page begins where the one before ended, however many certificates have ended since the beginning.
 */
import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely';
import type { CertificateFilter, IssuedCertificate } from '../authority/records.ts';
import { CERTIFICATE_COLUMNS, MAX_SERIAL, readCertificateRow } from './certificate-row.ts';
import type { Run } from './connection.ts';
import { firstRow } from './connection.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

/** What one call gives. */
interface Page {
  /** The serial at which the page before ended; 0 for the first one. */
  readonly after: bigint;
  readonly most: number;
}

interface Place {
  readonly end: bigint;
  readonly serial: bigint;
}

type Columns = ExpressionBuilder<Schema, 'certificate'>;
type OwnFilter = Exclude<CertificateFilter, { readonly kind: 'credential' }>;

const COLUMNS = CERTIFICATE_COLUMNS.map((column) => `certificate.${column}` as const);

export class LiveCertificates {
  readonly #db: Kysely<Schema>;
  readonly #endOf: ReturnType<typeof endOfQuery>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
    this.#endOf = endOfQuery(db);
  }

  async list(
    run: Run,
    filter: CertificateFilter,
    now: number,
    { after, most }: Page,
  ): Promise<readonly IssuedCertificate[]> {
    const place = await this.#placeOf(run, after, BigInt(now));
    const { rows } = await run(this.#behind(place, filter).limit(most).compile());
    return rows.map(readCertificateRow);
  }

  /** Nothing that has ended at `now` stands behind it. */
  async #placeOf(run: Run, serial: bigint, now: bigint): Promise<Place> {
    const first = { end: now, serial: MAX_SERIAL };
    if (serial === 0n) return first;
    const row = await firstRow(run, this.#endOf({ serial }));
    if (row === undefined) throw new TypeError('a page begins behind a certificate that is recorded');
    return row.valid_before > now ? { end: row.valid_before, serial } : first;
  }

  #behind(place: Place, filter: CertificateFilter) {
    return filter.kind === 'credential'
      ? this.#touchedBehind(place, filter.id)
      : this.#matchingBehind(place, filter);
  }

  #matchingBehind({ end, serial }: Place, filter: OwnFilter) {
    return this.#unrevoked()
      .where(({ eb, refTuple, tuple }) =>
        eb(refTuple('certificate.valid_before', 'certificate.serial'), '>', tuple(end, serial)),
      )
      .where((is) => matching(is, filter))
      .orderBy('certificate.valid_before')
      .orderBy('certificate.serial');
  }

  #touchedBehind({ end, serial }: Place, credential: string) {
    return this.#unrevoked()
      .innerJoin('certificate_touch as touch', 'touch.serial', 'certificate.serial')
      .where('touch.credential_id', '=', credential)
      .where(({ eb, refTuple, tuple }) =>
        eb(refTuple('touch.valid_before', 'touch.serial'), '>', tuple(end, serial)),
      )
      .orderBy('touch.valid_before')
      .orderBy('touch.serial');
  }

  #unrevoked() {
    return this.#db
      .selectFrom('certificate')
      .select(COLUMNS)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('revocation')
              .select('revocation.serial')
              .whereRef('revocation.serial', '=', 'certificate.serial'),
          ),
        ),
      );
  }
}

function endOfQuery(db: Kysely<Schema>) {
  return prepare<{ serial: bigint }, { valid_before: bigint }>((param) =>
    db.selectFrom('certificate').select('valid_before').where('serial', '=', param('serial')),
  );
}

/** What the filter asks of a certificate. */
function matching({ and, eb }: Columns, filter: OwnFilter): Expression<SqlBool> {
  switch (filter.kind) {
    case 'all':
      return and([]);
    case 'holder':
      return and([
        eb('certificate.person', '=', filter.holder),
        eb('certificate.purpose', 'in', filter.purposes),
      ]);
    case 'subject':
      return eb('certificate.subject', '=', filter.key);
    case 'authority':
      return eb('certificate.authority', '=', filter.key);
  }
}
