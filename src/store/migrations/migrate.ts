/** Brings the tables to what this version needs. Migrations only go forward. */
import type { Migration } from 'kysely/migration';
import { Migrator } from 'kysely/migration';
import type { Connection } from '../connection.ts';
import { StoreError } from '../error.ts';
import { firstMigration } from './0001-first.ts';
import { waitingMigration } from './0002-waiting.ts';
import { hostsMigration } from './0003-hosts.ts';
import type { ColumnTypes } from './create-table.ts';

/**
 * All in one transaction of the writing connection, which is the lock that keeps a second process out.
 * @throws StoreError `migration-failed`, also when a newer version has migrated already; the tables then are as before.
 */
export async function migrate(connection: Connection, types: ColumnTypes): Promise<void> {
  await connection.begin();
  const provider = { getMigrations: async () => migrations(types) };
  const { error } = await new Migrator({ db: connection.db, provider }).migrateToLatest({
    disableTransactions: true,
  });
  if (error === undefined) return connection.commit();
  await connection.rollback();
  throw new StoreError('migration-failed', 'the tables could not be brought to this version', {
    cause: error,
  });
}

/** By name, in order; a name once released stays. */
function migrations(types: ColumnTypes): Record<string, Migration> {
  return {
    '0001-first': firstMigration(types),
    '0002-waiting': waitingMigration,
    '0003-hosts': hostsMigration(types),
  };
}
