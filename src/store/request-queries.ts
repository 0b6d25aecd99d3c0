import type { Insertable, Kysely } from 'kysely';
import { sql } from 'kysely';
import { prepare, rowOf } from './prepared.ts';
import type { RequestRow } from './request-row.ts';
import { REQUEST_COLUMNS } from './request-row.ts';
import type { RequestTable, Schema } from './schema.ts';

type Place = { readonly pool_place: bigint | null };
type Changing = Pick<
  Insertable<RequestTable>,
  | 'state'
  | 'state_detail'
  | 'pool_place'
  | 'keep_until'
  | 'page_secret_hash'
  | 'page_opened_from'
  | 'page_proof'
  | 'page_wrong_codes'
>;

export function requestQueries(db: Kysely<Schema>) {
  return { ...rowQueries(db), ...waitingQueries(db), ...dropQueries(db), ...poolQueries(db) };
}

function rowQueries(db: Kysely<Schema>) {
  return {
    find: prepare<{ id: string }, RequestRow>((param) =>
      db.selectFrom('request').select(REQUEST_COLUMNS).where('id', '=', param('id')),
    ),
    findPlace: prepare<{ id: string; version: number }, Place>((param) =>
      db
        .selectFrom('request')
        .select('pool_place')
        .where('id', '=', param('id'))
        .where('version', '=', param('version')),
    ),
    insert: prepare<Insertable<RequestTable>, unknown>((param) =>
      db
        .insertInto('request')
        .values(rowOf(param, [...REQUEST_COLUMNS, 'pool_place']))
        .onConflict((conflict) => conflict.column('id').doNothing()),
    ),
    update: prepare<Changing & { id: string; version: number; next_version: number }, unknown>((param) =>
      db
        .updateTable('request')
        .set({
          version: param('next_version'),
          state: param('state'),
          state_detail: param('state_detail'),
          pool_place: param('pool_place'),
          keep_until: param('keep_until'),
          page_secret_hash: param('page_secret_hash'),
          page_opened_from: param('page_opened_from'),
          page_proof: param('page_proof'),
          page_wrong_codes: param('page_wrong_codes'),
        })
        .where('id', '=', param('id'))
        .where('version', '=', param('version')),
    ),
  };
}

/** All but the last walk the index of requests that wait, which holds no others; it is used where its condition stands literally. */
function waitingQueries(db: Kysely<Schema>) {
  const waiting = () => db.selectFrom('request').where(sql<boolean>`state = 'waiting'`);
  return {
    listWaiting: prepare<{ now: number; most: number }, RequestRow>((param) =>
      waiting()
        .select(REQUEST_COLUMNS)
        .where('keep_until', '>', param('now'))
        .orderBy('created_at')
        .orderBy('id')
        .limit(param('most')),
    ),
    waitingOf: prepare<{ person: string; now: number; most: number }, { id: string }>((param) =>
      waiting()
        .select('id')
        .where('person', '=', param('person'))
        .where('keep_until', '>', param('now'))
        .limit(param('most')),
    ),
    waitingBy: prepare<{ person: string; now: number }, RequestRow>((param) =>
      waiting()
        .select(REQUEST_COLUMNS)
        .where('person', '=', param('person'))
        .where('keep_until', '>', param('now')),
    ),
    signingBy: prepare<{ person: string; now: number }, RequestRow>((param) =>
      db
        .selectFrom('request')
        .where(sql<boolean>`state = 'signing'`)
        .select(REQUEST_COLUMNS)
        .where('person', '=', param('person'))
        .where('keep_until', '>', param('now')),
    ),
  };
}

/** Each walks an index from where the oldest stand, and stops at a bound. */
function dropQueries(db: Kysely<Schema>) {
  const drop = () => db.deleteFrom('request').returning('pool_place');
  return {
    purge: prepare<{ now: number; most: number }, Place>((param) =>
      drop().where('id', 'in', (query) =>
        query
          .selectFrom('request as old')
          .select('old.id')
          .where('old.keep_until', '<', param('now'))
          .orderBy('old.keep_until')
          .limit(param('most')),
      ),
    ),
    evictOfNetwork: prepare<{ asked_network: string; keep: number; most: number }, Place>((param) =>
      drop().where('id', 'in', (query) =>
        query
          .selectFrom('request as old')
          .select('old.id')
          .where('old.asked_network', '=', param('asked_network'))
          .where('old.pool_place', 'is not', null)
          .orderBy('old.pool_place', 'desc')
          .limit(param('most'))
          .offset(param('keep')),
      ),
    ),
    evictOldest: prepare<{ most: number }, Place>((param) =>
      drop().where('id', 'in', (query) =>
        query
          .selectFrom('request as old')
          .select('old.id')
          .where('old.pool_place', 'is not', null)
          .orderBy('old.pool_place')
          .limit(param('most')),
      ),
    ),
  };
}

function poolQueries(db: Kysely<Schema>) {
  return {
    /** The next place, and how many untouched requests there are with it. */
    enterPool: prepare<{ growth: number }, { last_place: bigint; untouched: bigint }>((param) =>
      db
        .updateTable('request_pool')
        .set((pool) => ({
          last_place: pool('last_place', '+', 1n),
          untouched: pool('untouched', '+', param('growth')),
        }))
        .where('id', '=', 1n)
        .returning(['last_place', 'untouched']),
    ),
    leavePool: prepare<{ count: number }, unknown>((param) =>
      db
        .updateTable('request_pool')
        .set((pool) => ({ untouched: pool('untouched', '-', param('count')) }))
        .where('id', '=', 1n),
    ),
  };
}
