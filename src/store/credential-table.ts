import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Credential } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { changedRows, firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { prepare, rowOf } from './prepared.ts';
import type { Schema, CredentialTable as Table } from './schema.ts';

const COLUMNS = [
  'id',
  'person',
  'kind',
  'public_key',
  'rp_id',
  'counter',
  'aaguid',
  'attested_by',
  'source',
  'label',
  'created_at',
  'removed_at',
] as const;

type Row = Selectable<Table>;

/** Credentials, removed ones included: an id is never used again. */
export class CredentialTable {
  readonly #queries: ReturnType<typeof credentialQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = credentialQueries(db);
  }

  async find(run: Run, id: string): Promise<Credential | undefined> {
    const row = await firstRow(run, this.#queries.find({ id }));
    return row === undefined ? undefined : readRow(row);
  }

  async ofPerson(run: Run, person: string): Promise<readonly Credential[]> {
    return (await run(this.#queries.ofPerson({ person }))).rows.map(readRow);
  }

  async list(run: Run): Promise<readonly Credential[]> {
    return (await run(this.#queries.list({}))).rows.map(readRow);
  }

  async insert(run: Run, credential: Credential): Promise<boolean> {
    return (await changedRows(run, this.#queries.insert(writeRow(credential)))) === 1;
  }

  async remove(run: Run, id: string, now: number): Promise<boolean> {
    return (await changedRows(run, this.#queries.remove({ id, now }))) === 1;
  }

  async raiseCounter(run: Run, id: string, counter: number): Promise<boolean> {
    return (await changedRows(run, this.#queries.raiseCounter({ id, counter }))) === 1;
  }
}

function credentialQueries(db: Kysely<Schema>) {
  const select = () => db.selectFrom('credential').select(COLUMNS);
  return {
    find: prepare<{ id: string }, Row>((param) => select().where('id', '=', param('id'))),
    ofPerson: prepare<{ person: string }, Row>((param) =>
      select().where('person', '=', param('person')).orderBy('created_at').orderBy('id'),
    ),
    list: prepare<object, Row>(() => select().orderBy('person').orderBy('created_at').orderBy('id')),
    insert: prepare<Insertable<Table>, unknown>((param) =>
      db
        .insertInto('credential')
        .values(rowOf(param, COLUMNS))
        .onConflict((conflict) => conflict.column('id').doNothing()),
    ),
    remove: prepare<{ id: string; now: number }, unknown>((param) =>
      db
        .updateTable('credential')
        .set({ removed_at: param('now') })
        .where('id', '=', param('id'))
        .where('removed_at', 'is', null),
    ),
    raiseCounter: raiseCounterQuery(db),
  };
}

/** WebAuthn level 3, section 6.1.1: a counter that does not grow means a copied authenticator; one without a counter sends 0. */
function raiseCounterQuery(db: Kysely<Schema>) {
  return prepare<{ id: string; counter: number }, unknown>((param) =>
    db
      .updateTable('credential')
      .set({ counter: param('counter') })
      .where('id', '=', param('id'))
      .where('removed_at', 'is', null)
      .where((is) =>
        is.or([
          is('counter', '<', param('counter')),
          is.and([is('counter', '=', 0n), is(is.val(param('counter')), '=', 0n)]),
        ]),
      ),
  );
}

function writeRow(credential: Credential): Insertable<Table> {
  return {
    id: credential.id,
    person: credential.person,
    kind: credential.kind,
    public_key: credential.publicKey,
    rp_id: credential.rpId,
    counter: credential.counter,
    aaguid: credential.aaguid ?? null,
    attested_by: credential.attestedBy.join(' '),
    source: credential.source,
    label: credential.label,
    created_at: credential.createdAt,
    removed_at: credential.removedAt ?? null,
  };
}

function readRow(row: Row): Credential {
  return {
    id: row.id,
    person: row.person,
    kind: readWord(row.kind, ['webauthn', 'ssh-sk']),
    publicKey: row.public_key,
    rpId: row.rp_id,
    counter: Number(row.counter),
    ...(row.aaguid === null ? {} : { aaguid: row.aaguid }),
    attestedBy: row.attested_by === '' ? [] : row.attested_by.split(' '),
    source: readWord(row.source, ['enrolled', 'roster']),
    label: row.label,
    createdAt: Number(row.created_at),
    ...(row.removed_at === null ? {} : { removedAt: Number(row.removed_at) }),
  };
}

function readWord<W extends string>(word: string, words: readonly W[]): W {
  const found = words.find((each) => each === word);
  if (found === undefined)
    throw new StoreError('corrupt', 'a stored credential has an unknown kind or source');
  return found;
}
