/** What this machine can do at most, one thread, measured in the same run: the numbers beside which ours mean something. */
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Fastify from 'fastify';

export interface RawLimits {
  readonly p256VerifiesPerSecond: number;
  readonly ed25519SignsPerSecond: number;
  readonly durableCommitsPerSecond: number;
  readonly emptyRoundTripsPerSecond: number;
}

const SECONDS = 1;

export async function measureRawLimits(directory: string): Promise<RawLimits> {
  return {
    p256VerifiesPerSecond: p256Verifies(),
    ed25519SignsPerSecond: ed25519Signs(),
    durableCommitsPerSecond: durableCommits(directory),
    emptyRoundTripsPerSecond: await emptyRoundTrips(),
  };
}

function p256Verifies(): number {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const message = Buffer.alloc(200);
  const signature = sign('sha256', message, privateKey);
  return perSecond(() => verify('sha256', message, publicKey, signature));
}

function ed25519Signs(): number {
  const { privateKey } = generateKeyPairSync('ed25519');
  const message = Buffer.alloc(500);
  return perSecond(() => sign(null, message, privateKey));
}

function durableCommits(directory: string): number {
  const database = new DatabaseSync(join(directory, 'raw.db'));
  database.exec('pragma journal_mode=wal; pragma synchronous=full; create table t (a)');
  const insert = database.prepare('insert into t values (?)');
  const rate = perSecond(() => insert.run(1));
  database.close();
  return rate;
}

async function emptyRoundTrips(): Promise<number> {
  const http = Fastify();
  http.get('/', async () => ({ ok: true }));
  const address = await http.listen({ port: 0, host: '127.0.0.1' });
  const agent = new Agent({ keepAlive: true });
  let count = 0;
  const until = performance.now() + SECONDS * 1000;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      await get(address, agent);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: 64 }, client));
  agent.destroy();
  await http.close();
  return Math.round(count / SECONDS);
}

function get(address: string, agent: Agent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  request(address, { agent }, (reply) => reply.resume().on('end', resolve))
    .on('error', reject)
    .end();
  return promise;
}

function perSecond(work: () => unknown): number {
  const began = performance.now();
  let count = 0;
  while (performance.now() - began < SECONDS * 1000) {
    work();
    count += 1;
  }
  return Math.round((count * 1000) / (performance.now() - began));
}
