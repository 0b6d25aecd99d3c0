/** How many transactions a second 64 callers get, and what each costs: `node bench/store.ts`. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { plainCheckpoint } from '../test/support/store.ts';
import { NOW, sampleCertificate, sampleIssue, sampleRevocation } from '../test/support/store-records.ts';

const CALLERS = 64;
const authority = sampleRevocation().authority;

const directory = await mkdtemp(join(tmpdir(), 'usher-bench-'));
const store = await openSqliteStore({ path: join(directory, 'usher.db'), signCheckpoint: plainCheckpoint });

await measure('nonce', 20_000, (index) => store.write((tx) => tx.rememberNonce(`n${index}`, NOW + 100, NOW)));
await measure('request', 10_000, (index) => {
  const request = sampleIssue({ askedNetwork: `192.0.2.${index % 200}` });
  return store.write((tx) => tx.insertRequest(request, { total: 1000, perAddress: 10 }, NOW));
});
const certificates = Array.from({ length: 10_000 }, (_, index) =>
  sampleCertificate({ serial: BigInt(index + 1) }),
);
await measure('certificate', certificates.length, (index) => {
  const certificate = certificates[index] ?? sampleCertificate();
  return store.write(async (tx) => {
    await tx.insertCertificate(certificate, ['credential']);
    await tx.appendLeaf(randomBytes(1200), certificate.serial);
  });
});
await measure('read', 40_000, (index) =>
  store.read((tx) => tx.findCertificate(BigInt((index % 10_000) + 1))),
);
await measure('revocation', 10_000, (index) =>
  store.write((tx) =>
    tx.revokeCertificates([sampleRevocation({ serial: BigInt(index + 1), authority })], NOW),
  ),
);
// All of the 10,000 are read for each.
await measure('list', 20, () => store.read((tx) => tx.krlContent('login')));

await store.close();
await rm(directory, { recursive: true });

async function measure(
  name: string,
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  const [began, before] = [performance.now(), process.cpuUsage()];
  let next = 0;
  const caller = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  const each = (user + system) / 1000 / count;
  const memory = process.memoryUsage.rss() / 2 ** 20;
  console.log(
    `${name.padEnd(12)} ${Math.round(count / seconds)}/s  ${each.toFixed(3)} ms each  ${memory.toFixed(0)} MiB`,
  );
}
