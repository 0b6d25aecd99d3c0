import type { Insertable, Kysely } from 'kysely';
import type { KrlContent, Revocation } from '../authority/records.ts';
import { REVOCATION_CAUSES } from '../log/act-bodies.ts';
import { MAX_SERIAL } from './certificate-row.ts';
import type { Run } from './connection.ts';
import { changedRows, firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import type { KrlTable } from './krl-table.ts';
import { prepare, rowOf } from './prepared.ts';
import type { Schema, RevocationTable as Table } from './schema.ts';

type Purpose = Revocation['purpose'];

const COLUMNS = ['serial', 'purpose', 'authority', 'valid_before', 'revoked_at', 'cause'] as const;

/** What counts no more. Every change of it gives the lists that it is on new numbers. */
export class RevocationTable {
  readonly #queries: ReturnType<typeof revocationQueries>;
  readonly #krls: KrlTable;

  constructor(db: Kysely<Schema>, krls: KrlTable) {
    this.#queries = revocationQueries(db);
    this.#krls = krls;
  }

  async causeOf(run: Run, serial: bigint): Promise<Revocation['cause'] | undefined> {
    if (serial > MAX_SERIAL) return undefined;
    const row = await firstRow(run, this.#queries.find({ serial }));
    if (row === undefined) return undefined;
    const cause = REVOCATION_CAUSES.find((known) => known === row.cause);
    if (cause === undefined) throw new StoreError('corrupt', `the revocation of ${serial} has no cause`);
    return cause;
  }

  async isKeyRevoked(run: Run, fingerprint: string): Promise<boolean> {
    return (await firstRow(run, this.#queries.findKey({ fingerprint }))) !== undefined;
  }

  /** @returns the serials of those that were not revoked before. */
  async revoke(run: Run, revocations: readonly Revocation[], now: number): Promise<readonly bigint[]> {
    const added: Revocation[] = [];
    for (const revocation of revocations)
      if ((await changedRows(run, this.#queries.insert(writeRow(revocation)))) === 1) added.push(revocation);
    for (const purpose of new Set(added.map((each) => each.purpose)))
      await this.#krls.renumber(run, purpose, now);
    return added.map(({ serial }) => serial);
  }

  async revokeKey(run: Run, fingerprint: string, now: number): Promise<boolean> {
    const added = await changedRows(run, this.#queries.insertKey({ fingerprint, revoked_at: now }));
    if (added === 1) await this.#krls.renumberAll(run, now);
    return added === 1;
  }

  async hasEnded(run: Run, purpose: Purpose, before: number): Promise<boolean> {
    return (await firstRow(run, this.#queries.firstEnded({ purpose, before }))) !== undefined;
  }

  async dropEnded(run: Run, purpose: Purpose, before: number, now: number): Promise<void> {
    const dropped = await changedRows(run, this.#queries.dropEnded({ purpose, before }));
    if (dropped > 0) await this.#krls.renumber(run, purpose, now);
  }

  async content(run: Run, purpose: Purpose): Promise<KrlContent> {
    const { number, changedAt } = await this.#krls.find(run, purpose);
    const { rows: authorities } = await run(this.#queries.authorities({ purpose }));
    const certificates: { authority: Uint8Array; serials: readonly bigint[] }[] = [];
    for (const { authority } of authorities)
      certificates.push({ authority, serials: await this.#serialsBy(run, purpose, authority) });
    const { rows: keys } = await run(this.#queries.keys({}));
    return { number, changedAt, certificates, fingerprints: keys.map(({ fingerprint }) => fingerprint) };
  }

  async #serialsBy(run: Run, purpose: Purpose, authority: Uint8Array): Promise<readonly bigint[]> {
    const { rows } = await run(this.#queries.serialsBy({ purpose, authority }));
    return rows.map(({ serial }) => serial);
  }
}

function revocationQueries(db: Kysely<Schema>) {
  return { ...certificateQueries(db), ...listQueries(db), ...keyQueries(db) };
}

function certificateQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ serial: bigint }, { cause: string }>((param) =>
      db.selectFrom('revocation').select('cause').where('serial', '=', param('serial')),
    ),
    insert: prepare<Insertable<Table>, unknown>((param) =>
      db
        .insertInto('revocation')
        .values(rowOf(param, COLUMNS))
        .onConflict((conflict) => conflict.column('serial').doNothing()),
    ),
    firstEnded: prepare<{ purpose: string; before: number }, { serial: bigint }>((param) =>
      db
        .selectFrom('revocation')
        .select('serial')
        .where('purpose', '=', param('purpose'))
        .where('valid_before', '<', param('before'))
        .limit(1n),
    ),
    dropEnded: prepare<{ purpose: string; before: number }, unknown>((param) =>
      db
        .deleteFrom('revocation')
        .where('purpose', '=', param('purpose'))
        .where('valid_before', '<', param('before')),
    ),
  };
}

/** A million serials of a few authorities: nothing but the serials is read for each of them. */
function listQueries(db: Kysely<Schema>) {
  return {
    authorities: prepare<{ purpose: string }, { authority: Uint8Array }>((param) =>
      db
        .selectFrom('revocation')
        .select('authority')
        .distinct()
        .where('purpose', '=', param('purpose'))
        .orderBy('authority'),
    ),
    serialsBy: prepare<{ purpose: string; authority: Uint8Array }, { serial: bigint }>((param) =>
      db
        .selectFrom('revocation')
        .select('serial')
        .where('purpose', '=', param('purpose'))
        .where('authority', '=', param('authority'))
        .orderBy('serial'),
    ),
  };
}

function keyQueries(db: Kysely<Schema>) {
  return {
    keys: prepare<object, { fingerprint: string }>(() =>
      db.selectFrom('revoked_key').select('fingerprint').orderBy('fingerprint'),
    ),
    findKey: prepare<{ fingerprint: string }, { fingerprint: string }>((param) =>
      db.selectFrom('revoked_key').select('fingerprint').where('fingerprint', '=', param('fingerprint')),
    ),
    insertKey: prepare<{ fingerprint: string; revoked_at: number }, unknown>((param) =>
      db
        .insertInto('revoked_key')
        .values(rowOf(param, ['fingerprint', 'revoked_at']))
        .onConflict((conflict) => conflict.column('fingerprint').doNothing()),
    ),
  };
}

function writeRow(revocation: Revocation): Insertable<Table> {
  return {
    serial: revocation.serial,
    purpose: revocation.purpose,
    authority: revocation.authority,
    valid_before: revocation.validBefore,
    revoked_at: revocation.revokedAt,
    cause: revocation.cause,
  };
}
