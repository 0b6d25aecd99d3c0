import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PoolBounds, Store } from '../../../src/authority/ports.ts';
import type { PendingIssue, PendingRequest } from '../../../src/authority/records.ts';
import type { StoreUnderTest } from '../../support/store.ts';
import { NOW, sampleCredential, sampleEnrolment, sampleIssue } from '../../support/store-records.ts';

export function poolLaws(open: StoreUnderTest['open']): void {
  describe('the pool of untouched requests', () => {
    test('beyond the quota of an address loses that address its oldest', async () => {
      const store = await open();
      const bounds = { total: 100, perAddress: 2 };
      const other = await insert(store, bounds, { askedNetwork: '198.51.100.9' });
      const all = await insertMany(store, bounds, 4);
      expect(await kept(store, [other, ...all])).toEqual([other, ...all.slice(2)]);
    });

    test('beyond its total loses the oldest of all', async () => {
      const store = await open();
      const bounds = { total: 3, perAddress: 2 };
      const all: PendingRequest[] = [];
      for (let index = 0; index < 5; index += 1)
        all.push(await insert(store, bounds, { askedNetwork: `192.0.2.${index}` }));
      expect(await kept(store, all)).toEqual(all.slice(2));
    });

    test('can not be emptied of others by one address that floods it', async () => {
      const store = await open();
      const bounds = { total: 8, perAddress: 3 };
      const others = [];
      for (let index = 0; index < 5; index += 1)
        others.push(await insert(store, bounds, { askedNetwork: `192.0.2.${index}` }));
      await insertMany(store, bounds, 200, { askedNetwork: '203.0.113.66' });
      expect(await kept(store, others)).toEqual(others);
    });

    test('counts networks, however many addresses one has', async () => {
      const store = await open();
      const bounds = { total: 100, perAddress: 2 };
      const askedNetwork = '20010db800000000/64';
      const all: PendingRequest[] = [];
      for (const host of [1, 2, 3])
        all.push(await insert(store, bounds, { askedNetwork, askedFrom: `2001:db8::${host}` }));
      expect(await kept(store, all)).toEqual(all.slice(1));
    });

    test('never loses one that was touched, nor counts it', async () => {
      const store = await open();
      const bounds = { total: 2, perAddress: 2 };
      const [first, second] = await insertMany(store, bounds, 2);
      const touched = await touch(store, first);
      const later = await insertMany(store, bounds, 1);
      expect(await kept(store, [touched, second, ...later])).toEqual([touched, second, ...later]);
      const last = await insertMany(store, bounds, 50);
      expect(await kept(store, [touched, ...last])).toEqual([touched, ...last.slice(-2)]);
    });

    test('counts requests that strangers could have brought to their state', async () => {
      const store = await open();
      const bounds = { total: 2, perAddress: 2 };
      const ended = await insert(store, bounds);
      const rejected: PendingRequest = { ...ended, state: { kind: 'rejected', reason: 'too-many-codes' } };
      const enrolment = sampleEnrolment();
      const offered: PendingRequest = {
        ...enrolment,
        state: { kind: 'offered', credential: sampleCredential() },
      };
      await store.write(async (tx) => {
        await tx.insertRequest(enrolment, bounds, NOW);
        await tx.updateRequest(rejected);
        await tx.updateRequest(offered);
      });
      const later = await insertMany(store, bounds, 2);
      expect(await kept(store, [ended, enrolment, ...later])).toEqual(later);
    });

    test('forgets what is past its time, touched or not, a few with each insert', async () => {
      const store = await open();
      const bounds = { total: 1000, perAddress: 1000 };
      const [touched, ...others] = await insertMany(store, bounds, 40, { keepUntil: NOW + 10 });
      await touch(store, touched);
      await insert(store, bounds, {}, NOW + 10);
      expect(await kept(store, others)).toHaveLength(others.length);
      await insert(store, bounds, {}, NOW + 11);
      const left = await kept(store, others);
      expect(left.length).toBeGreaterThan(20);
      for (let count = 0; count < 8; count += 1) await insert(store, bounds, {}, NOW + 11);
      expect(await kept(store, others)).toEqual([]);
      expect(await store.read((tx) => tx.findRequest(touched?.id ?? ''))).toBeUndefined();
    });

    test('comes down to bounds that were lowered', async () => {
      const store = await open();
      const many = [];
      for (let index = 0; index < 30; index += 1)
        many.push(
          await insert(store, { total: 100, perAddress: 10 }, { askedNetwork: `192.0.2.${index % 10}` }),
        );
      const later = await insertMany(store, { total: 4, perAddress: 10 }, 8, { askedNetwork: '203.0.113.1' });
      expect(await kept(store, [...many, ...later])).toEqual(later.slice(-4));
    });

    test('is what a simple list of requests would be, whatever happens', { timeout: 30_000 }, async () => {
      const store = await open();
      await fc.assert(
        fc.asyncProperty(happenings, (all) => playAgainstModel(store, all)),
        { numRuns: 15 },
      );
    });
  });
}

/** The bounds of the property; each run leaves what is more than that behind, past its time. */
const BOUNDS: PoolBounds = { total: 6, perAddress: 2 };

const happenings = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('insert'), address: fc.nat(4), stay: fc.nat(20) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch'), which: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait'), time: fc.nat(5) }) },
  ),
  { minLength: 1, maxLength: 60 },
);

type Happening = typeof happenings extends fc.Arbitrary<(infer H)[]> ? H : never;

/** Times only go forward over the runs, so that what one run left is past its time in the next. */
let time = NOW;

async function playAgainstModel(store: Store, all: readonly Happening[]): Promise<void> {
  time += 1000;
  for (let count = 0; count < 4; count += 1)
    await insert(store, { total: 0, perAddress: 0 }, { keepUntil: time }, time);
  let model: PendingRequest[] = [];
  const seen: PendingRequest[] = [];
  for (const happening of all) {
    if ('time' in happening) time += happening.time;
    else if ('which' in happening) {
      const request = model[happening.which];
      if (request?.state.kind !== 'pending') continue;
      const touched = await touch(store, request);
      model = model.map((each) => (each === request ? touched : each));
    } else {
      const made = { askedNetwork: `192.0.2.${happening.address}`, keepUntil: time + happening.stay };
      const request = await insert(store, BOUNDS, made, time);
      seen.push(request);
      model = afterInsert(model, request);
    }
    const expected = model.map((request) => request.id);
    expect((await kept(store, seen)).map((request) => request.id)).toEqual(expected);
  }
}

/** The port's own words, over a list. No more than eight are ever past their time at once. */
function afterInsert(before: readonly PendingRequest[], request: PendingRequest): PendingRequest[] {
  let model = [...before.filter((each) => each.keepUntil >= time), request];
  const pending = (from?: string) =>
    model.filter(
      (each) => each.state.kind === 'pending' && (from === undefined || each.askedNetwork === from),
    );
  for (const from of [request.askedNetwork, undefined]) {
    const most = from === undefined ? BOUNDS.total : BOUNDS.perAddress;
    const tooMany = pending(from).slice(0, Math.max(0, pending(from).length - most));
    model = model.filter((each) => !tooMany.includes(each));
  }
  return model;
}

async function insert(
  store: Store,
  bounds: PoolBounds,
  changes: Partial<PendingIssue> = {},
  now = NOW,
): Promise<PendingIssue> {
  const request = sampleIssue({ keepUntil: now + 120, ...changes });
  await store.write((tx) => tx.insertRequest(request, bounds, now));
  return request;
}

async function insertMany(
  store: Store,
  bounds: PoolBounds,
  count: number,
  changes: Partial<PendingIssue> = {},
) {
  const requests: PendingIssue[] = [];
  for (let index = 0; index < count; index += 1) requests.push(await insert(store, bounds, changes));
  return requests;
}

async function touch(store: Store, request: PendingRequest | undefined): Promise<PendingRequest> {
  if (request?.action !== 'issue') throw new Error('there is no such request');
  const touched: PendingRequest = { ...request, state: { kind: 'issued', serials: [5n] } };
  expect(await store.write((tx) => tx.updateRequest(touched))).toBe(true);
  return touched;
}

/** Those of the requests that the store still has. */
async function kept<R extends PendingRequest | undefined>(
  store: Store,
  requests: readonly R[],
): Promise<R[]> {
  return store.read(async (tx) => {
    const found = await Promise.all(requests.map((request) => tx.findRequest(request?.id ?? '')));
    return requests.filter((_, index) => found[index] !== undefined);
  });
}
