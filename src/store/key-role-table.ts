import type { Kysely } from 'kysely';
import type { KeyRole } from '../authority/records.ts';
import type { Run } from './connection.ts';
import { firstRow } from './connection.ts';
import { StoreError } from './error.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';

/** The one role of each key; rows are only ever added. */
export class KeyRoleTable {
  readonly #queries: ReturnType<typeof keyRoleQueries>;

  constructor(db: Kysely<Schema>) {
    this.#queries = keyRoleQueries(db);
  }

  async find(run: Run, identity: string): Promise<KeyRole | undefined> {
    return (await firstRow(run, this.#queries.find({ identity })))?.role;
  }

  async claim(run: Run, identity: string, role: KeyRole): Promise<KeyRole> {
    const claimed = await firstRow(run, this.#queries.claim({ identity, role }));
    const stored = claimed?.role ?? (await this.find(run, identity));
    if (stored === undefined) throw new StoreError('corrupt', 'a key has a role and has none');
    return stored;
  }
}

function keyRoleQueries(db: Kysely<Schema>) {
  // Written from a KeyRole only, and never changed.
  const roles = db.withTables<{ key_role: { identity: string; role: KeyRole } }>();
  return {
    find: prepare<{ identity: string }, { role: KeyRole }>((param) =>
      roles.selectFrom('key_role').select('role').where('identity', '=', param('identity')),
    ),
    /** Gives a row only when the key had no role yet. */
    claim: prepare<{ identity: string; role: KeyRole }, { role: KeyRole }>((param) =>
      roles
        .insertInto('key_role')
        .values({ identity: param('identity'), role: param('role') })
        .onConflict((conflict) => conflict.column('identity').doNothing())
        .returning('role'),
    ),
  };
}
