import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VerifiedBundle } from '../../cli/authority/bundle.ts';
import { verifyBundle } from '../../cli/authority/bundle.ts';
import { Client } from '../../cli/authority/client.ts';
import { keepEvidence } from '../../cli/authority/fork-evidence.ts';
import { rememberCheckpoint } from '../../cli/authority/log-memory.ts';
import { loadMemory, remember } from '../../cli/authority/memory.ts';
import { pathsFrom } from '../../cli/paths.ts';
import { ConsistencyReply } from '../../src/http/contract/authority.ts';
import { BundleReply } from '../../src/http/contract/bundle.ts';
import type { Liar } from './support/liar.ts';
import { startLiar } from './support/liar.ts';

const NAME = 'ca.example.org';
const now = () => Math.floor(Date.now() / 1000);

describe('a checkpoint that another command remembered meanwhile', () => {
  let home: string;
  let liar: Liar;
  let bundle: VerifiedBundle;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'usher-test-fork-'));
    liar = await startLiar(now);
    const reply = await client().get('/v1/bundle', BundleReply);
    bundle = verifyBundle(reply, liar.origin, { bundleKey: liar.bundleFingerprint });
  });
  afterEach(async () => {
    await liar[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  const client = (fetching: typeof fetch = fetch) =>
    new Client(liar.origin, { fetch: fetching, sleep: async () => undefined });
  const paths = () => pathsFrom({ HOME: home });
  /** As a command that began when nothing was remembered. */
  const enrolled = (fetching?: typeof fetch) => ({
    paths: paths(),
    name: NAME,
    memory: { version: 1 } as const,
    client: client(fetching),
  });
  const growth = () => client().get('/v1/log/consistency?from=1', ConsistencyReply);
  const stored = async () => (await loadMemory(paths(), NAME)).checkpoint;

  async function evidenceOf(error: unknown): Promise<object> {
    const where = { ...enrolled(), settings: { origin: liar.origin }, surroundings: { now } };
    await keepEvidence(where, error);
    const [file = ''] = (await readdir(paths().state)).filter((name) => name.includes('.fork-'));
    return JSON.parse(await readFile(join(paths().state, file), 'utf8'));
  }

  it('is replaced by one that continues both', async () => {
    const first = await growth();
    liar.append();
    const second = await growth();
    await remember(paths(), NAME, { checkpoint: second.checkpoint });
    await rememberCheckpoint(enrolled(), bundle, first.checkpoint);
    expect(await stored()).toBe(second.checkpoint);
  });

  it('and is of another history stays; it is kept beside the one that contradicts it', async () => {
    liar.append();
    const { checkpoint: seen } = await growth();
    await remember(paths(), NAME, { checkpoint: seen });
    liar.fork();
    const { checkpoint: offered } = await growth();
    const error = await rememberCheckpoint(enrolled(), bundle, offered).catch((caught: unknown) => caught);
    expect(await stored()).toBe(seen);
    expect(await evidenceOf(error)).toEqual({ authority: liar.origin, seen, offered });
  });

  it('and note, each continued to another tree of the same size: those two are the evidence', async () => {
    const { checkpoint: seen } = await growth();
    await remember(paths(), NAME, { checkpoint: seen });
    liar.append();
    liar.append();
    const honest = await growth();
    liar.fork();
    const forked = await growth();
    const replies = [honest, { ...forked, consistencyProof: [] }];
    const fetching = async () => Response.json(replies.shift());
    const error = await rememberCheckpoint(enrolled(fetching), bundle, forked.checkpoint).catch(
      (caught: unknown) => caught,
    );
    const pair = { authority: liar.origin, seen: honest.checkpoint, offered: forked.checkpoint };
    expect(await evidenceOf(error)).toEqual(pair);
    expect(await stored()).toBe(seen);
  });
});
