/**
 * A process of its own that stores certificates with their leaves, for tests that kill it, let two of them write at once, or
 * take the disk away from it. `node store-child.ts <database> <how many> <writers> <first serial>`; a line `stored <serial>`
 * for each that the store says is stored, then one `done <refused> <whether reads still work>`.
 */
import type { Store } from '../../src/authority/ports.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { plainCheckpoint } from './store.ts';
import { bytes, sampleCertificate } from './store-records.ts';

const [path = '', count = '0', writers = '1', first = '1'] = process.argv.slice(2);
const store = await openSqliteStore({ path, signCheckpoint: plainCheckpoint });
const outcome = await storeMany(store, Number(count), Number(writers), BigInt(first));
const head = await store.read((tx) => tx.logHead());
console.log(`done ${outcome.refused} ${outcome.codes} ${head.size}`);
await store.close().catch(() => undefined);

/** @returns how many were refused, and with which codes */
async function storeMany(into: Store, many: number, writing: number, firstSerial: bigint) {
  const codes = new Set<string>();
  let [next, refused] = [0, 0];
  const writer = async () => {
    while (next < many) {
      const serial = firstSerial + BigInt(next++);
      try {
        await storeOne(into, serial);
        console.log(`stored ${serial}`);
      } catch (error) {
        refused += 1;
        codes.add(error instanceof Error && 'code' in error ? String(error.code) : 'other');
      }
    }
  };
  await Promise.all(Array.from({ length: writing }, writer));
  return { refused, codes: [...codes].join(',') || 'none' };
}

async function storeOne(into: Store, serial: bigint): Promise<void> {
  await into.write(async (tx) => {
    await tx.insertCertificate(sampleCertificate({ serial }), ['credential']);
    await tx.appendLeaf(bytes(600), serial);
    await tx.claimKey(`key of ${serial}`, { role: 'login' });
  });
}
