/** Requests that wait for other people are listed, so they have an index, which holds no others. */
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const waitingMigration: Migration = {
  async up(db: Kysely<unknown>) {
    const index = db.schema.createIndex('request_waiting').on('request').columns(['created_at', 'id']);
    await index.where(sql<boolean>`state = 'waiting'`).execute();
  },
};
