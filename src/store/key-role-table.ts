import type { Kysely, Selectable } from 'kysely';
import type { KeyUse } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { prepare } from './prepared.ts';
import type { Schema, KeyRoleTable as Table } from './schema.ts';

type Row = Selectable<Table>;

/** The one role of each key; rows are only ever added. */
export class KeyRoleTable {
  readonly #queries: ReturnType<typeof keyRoleQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = keyRoleQueries(db);
  }

  async find(run: Run, identity: string): Promise<KeyUse | undefined> {
    const row = await firstRow(run, this.#queries.find({ identity }));
    return row === undefined ? undefined : readUse(row);
  }

  async claim(run: Run, identity: string, use: KeyUse): Promise<KeyUse> {
    const person = use.role === 'touch' ? use.person : null;
    const claimed = await firstRow(run, this.#queries.claim({ identity, role: use.role, person }));
    const stored = claimed === undefined ? await this.find(run, identity) : readUse(claimed);
    if (stored === undefined) throw new StoreError('corrupt', 'a key has a role and has none');
    return stored;
  }
}

function keyRoleQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ identity: string }, Row>((param) =>
      db.selectFrom('key_role').selectAll().where('identity', '=', param('identity')),
    ),
    /** Gives a row only when the key had no role yet. */
    claim: prepare<Row, Row>((param) =>
      db
        .insertInto('key_role')
        .values({ identity: param('identity'), role: param('role'), person: param('person') })
        .onConflict((conflict) => conflict.column('identity').doNothing())
        .returningAll(),
    ),
  };
}

function readUse({ role, person }: Row): KeyUse {
  if (role === 'touch' && person !== null) return { role, person };
  const others = ['ca', 'login', 'sudo', 'builder', 'host'] as const;
  const found = others.find((each) => each === role);
  if (found === undefined) throw new StoreError('corrupt', 'a stored key has an unknown role');
  return { role: found };
}
