/**
 * `npm run bench`: how many sign-ins a second a real usherd gives, through HTTP, with touches verified and the store durable,
 * beside the raw limits of the machine in the same run. Prints a table and JSON. `-- --certificates 100000` issues that many
 * more and tells the memory of usherd after them. KRLs of random serials are built and read as well.
 */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { systemRandom } from '../src/compose.ts';
import { ed25519FromSeed } from '../src/ssh/private-key.ts';
import { formatPublicKeyLine } from '../src/ssh/public-key.ts';
import { SoftSecurityKey } from '../test/support/soft-authenticator.ts';
import type { Usherd } from '../test/support/usherd.ts';
import { startUsherd } from '../test/support/usherd.ts';
import { BenchClient } from './client.ts';
import { measureCommand } from './command.ts';
import { measureKrls } from './krl.ts';
import { measureRawLimits } from './raw-limits.ts';

interface Load {
  readonly clients: number;
  readonly issuancesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const CLIENTS = [1, 16, 64];
const SECONDS = 5;
const GENEROUS = 1_000_000_000;

const { values } = parseArgs({ options: { certificates: { type: 'string', default: '0' } } });
const touchKeys = Array.from({ length: 64 }, () => new SoftSecurityKey({ algorithm: 'es256' }));
await using usherd = await startUsherd({ roster: roster(), config: limits() });
const people = touchKeys.map(
  (touchKey, index) => new BenchClient(usherd.origin, nameOf(index), touchKey, newSubject()),
);

const rawLimits = await measureRawLimits(dirname(usherd.dir));
await run(people.slice(0, 16), 1);
const loads: Load[] = [];
for (const clients of CLIENTS) loads.push(await run(people.slice(0, clients), SECONDS));
await issueMany(Number(values.certificates));
const result = {
  rawLimits,
  loads,
  usherdMemoryMiB: await memoryMiB(usherd),
  command: await measureCommand(usherd),
  krls: measureKrls(),
};
for (const person of people) person.close();
console.table(loads);
console.table(rawLimits);
console.table(result.krls);
console.log(JSON.stringify(result, null, 2));

/** Every client issues one after the other until the time is over. */
async function run(clients: readonly BenchClient[], seconds: number): Promise<Load> {
  const times: number[] = [];
  const [began, until] = [performance.now(), performance.now() + seconds * 1000];
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < until) {
        const start = performance.now();
        await client.issue();
        times.push(performance.now() - start);
      }
    }),
  );
  times.sort((a, b) => a - b);
  const took = (performance.now() - began) / 1000;
  return {
    clients: clients.length,
    issuancesPerSecond: Math.round(times.length / took),
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
  };
}

function percentile(sorted: readonly number[], share: number): number {
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
}

async function issueMany(count: number): Promise<void> {
  let left = count;
  const client = async (person: BenchClient): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await person.issue();
    }
  };
  await Promise.all(people.map(client));
}

async function memoryMiB({ pid }: Usherd): Promise<number> {
  const status = await readFile(`/proc/${pid()}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024);
}

function roster(): string {
  const entries = touchKeys.map(
    ({ publicKey }, index) =>
      `  ${nameOf(index)}: { logins: [${nameOf(index)}], roles: [engineer], security_keys: ["${formatPublicKeyLine(publicKey)}"] }`,
  );
  return `people:
${entries.join('\n')}
roles:
  engineer:
    login: { hosts: [web1] }
hosts:
  web1: { names: [web1.example.org] }
`;
}

/** All load comes from one address and few people: none of the limits against strangers may be what is measured. */
function limits(): readonly string[] {
  return [
    `limits: { requests_per_minute: ${GENEROUS}, per_person_hourly: ${GENEROUS}, pending_per_address: 100000 }`,
  ];
}

function nameOf(index: number): string {
  return `person${index}`;
}

function newSubject() {
  return ed25519FromSeed(systemRandom.bytes(32));
}
