/**
 * Revocation at the size of a large company, through the real store: `node bench/revocation.ts [--lists 100000,1000000] [--live
 * 100000]`. How long the list of so many random serials takes from the store to checked bytes, how large it is; and how long a
 * roster takes to come into force while so many certificates are live.
 */
import { randomFillSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Store } from '../src/authority/ports.ts';
import type { IssuedCertificate } from '../src/authority/records.ts';
import { RevocationLists } from '../src/authority/revocation-lists.ts';
import { revokeUncovered } from '../src/authority/revoke-uncovered.ts';
import { parseRoster } from '../src/policy/parse.ts';
import { assembleCertificate, encodeDraft } from '../src/ssh/certificate.ts';
import { ed25519FromSeed, signMessage } from '../src/ssh/private-key.ts';
import { encodePublicKey } from '../src/ssh/public-key.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { plainCheckpoint } from '../test/support/store.ts';

const NOW = 1_800_000_000;
const BATCH = 10_000;
const PEOPLE = 500;
const AUTHORITY = ed25519FromSeed(new Uint8Array(32).fill(1));
const SUBJECT = ed25519FromSeed(new Uint8Array(32).fill(2)).publicKey;
/** Nobody verifies it here. */
const SIGNATURE = signMessage(AUTHORITY, new Uint8Array());

const { values } = parseArgs({
  options: {
    lists: { type: 'string', default: '100000,1000000' },
    live: { type: 'string', default: '100000' },
  },
});

for (const count of values.lists.split(',').map(Number))
  console.log(JSON.stringify(await measureList(count)));
console.log(JSON.stringify(await measureRoster(Number(values.live))));

async function measureList(count: number): Promise<object> {
  return withStore(async (store) => {
    const serials = randomSerials(count);
    const [, revokeMs] = await timed(() => revokeAll(store, serials));
    const lists = new RevocationLists({ now: () => performance.now(), pause: async () => undefined });
    const [list, listMs] = await timed(() => store.read((tx) => lists.in(tx, 'login')));
    const [, againMs] = await timed(() => store.read((tx) => lists.in(tx, 'login')));
    return { serials: count, revokeMs, listMs, bytes: list.bytes.length, againMs };
  });
}

async function revokeAll(store: Store, serials: BigUint64Array): Promise<void> {
  const authority = encodePublicKey(AUTHORITY.publicKey);
  const rest = {
    purpose: 'login',
    authority,
    validBefore: NOW + 72_000,
    revokedAt: NOW,
    cause: 'person',
  } as const;
  for (let from = 0; from < serials.length; from += BATCH) {
    const some = Array.from(serials.subarray(from, from + BATCH), (serial) => ({ serial, ...rest }));
    await store.write((tx) => tx.revokeCertificates(some, NOW));
  }
}

/** Half of the people are not in the new roster any more. */
async function measureRoster(count: number): Promise<object> {
  return withStore(async (store) => {
    await recordAll(store, randomSerials(count));
    const parsed = parseRoster(rosterText(PEOPLE / 2));
    if (!('roster' in parsed)) throw new Error('the roster has faults');
    const { roster } = parsed;
    const [revoked, ms] = await timed(() => store.write((tx) => revokeUncovered(tx, roster, NOW)));
    const [, againMs] = await timed(() => store.write((tx) => revokeUncovered(tx, roster, NOW)));
    return { live: count, revoked: revoked.length, rosterMs: ms, nothingToRevokeMs: againMs };
  });
}

async function recordAll(store: Store, serials: BigUint64Array): Promise<void> {
  for (let from = 0; from < serials.length; from += BATCH)
    await store.write(async (tx) => {
      for (const serial of serials.subarray(from, from + BATCH)) {
        await tx.insertCertificate(certificateOf(serial), ['credential']);
        await tx.appendLeaf(new Uint8Array(40), serial);
      }
    });
}

function certificateOf(serial: bigint): IssuedCertificate {
  const person = nameOf(Number(serial % BigInt(PEOPLE)));
  const keyId = `login:${person}:${'A'.repeat(22)}`;
  const [validAfter, validBefore] = [NOW - 300, NOW + 72_000];
  const draft = encodeDraft({
    ...{ nonce: new Uint8Array(32), subject: SUBJECT, serial, type: 'user', keyId },
    ...{ principals: [`${person}@web1`, `${person}@db1`], criticalOptions: [] },
    ...{ validAfter: BigInt(validAfter), validBefore: BigInt(validBefore) },
    extensions: [{ name: 'permit-pty', data: new Uint8Array() }],
    authority: AUTHORITY.publicKey,
  });
  const certificate = assembleCertificate(draft, SIGNATURE);
  const requestId = 'A'.repeat(22);
  return {
    serial,
    purpose: 'login',
    person,
    keyId,
    requestId,
    issuedAt: NOW,
    validAfter,
    validBefore,
    certificate,
  };
}

function rosterText(people: number): string {
  const entries = Array.from({ length: people }, (_, index) => nameOf(index));
  return `people:
${entries.map((name) => `  ${name}: { logins: [${name}], roles: [engineer] }`).join('\n')}
roles:
  engineer:
    login: { hosts: [web1, db1] }
hosts:
  web1: { names: [web1.example.org] }
  db1: { names: [db1.example.org] }
`;
}

function nameOf(index: number): string {
  return `person${index}`;
}

/** As the authority makes them: 63 random bits, at least 2^51. */
function randomSerials(count: number): BigUint64Array {
  return randomFillSync(new BigUint64Array(count)).map((serial) => (serial >> 1n) | (1n << 51n));
}

async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-bench-'));
  const path = join(directory, 'usher.db');
  const store = await openSqliteStore({ path, signCheckpoint: plainCheckpoint });
  try {
    return await work(store);
  } finally {
    await store.close();
    await rm(directory, { recursive: true });
  }
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [result: T, ms: number]> {
  const began = performance.now();
  const result = await work();
  return [result, Math.round(performance.now() - began)];
}
