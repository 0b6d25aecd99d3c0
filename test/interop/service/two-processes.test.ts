import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../src/log/checkpoint.ts';
import { parseVerifierKey } from '../../../src/log/note-key.ts';
import { verifyConsistency } from '../../../src/log/verify-proofs.ts';
import { freePort } from '../../support/free-port.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { Person, ROSTER } from './person.ts';
import { logKeyOf, readRecorded } from './recorded.ts';

const USHERD = fileURLToPath(new URL('../../../bin/usherd', import.meta.url));
const EACH = 1000;
const AT_ONCE = 12;
const LIMITS =
  'limits: { requests_per_minute: 1000000, per_person_hourly: 1000000, pending_per_address: 10000 }';

/** A second process over the same directory: settings are read at start only, so its port can differ. */
async function startSecond({ dir }: Usherd): Promise<AsyncDisposable & { readonly address: string }> {
  const port = await freePort();
  const file = join(dir, 'usherd.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/^listen: .*$/m, `listen: 127.0.0.1:${port}`));
  const child = spawn(process.execPath, [USHERD, 'serve', '--dir', dir], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const address = `http://127.0.0.1:${port}`;
  const alive = () =>
    fetch(`${address}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(alive, { timeout: 20_000 }).toBe(true);
  const stop = async () => {
    child.kill();
    await ended;
  };
  return { address, [Symbol.asyncDispose]: stop };
}

async function issueMany(person: Person, count: number): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const { status, body } = await person.touch(await person.ask());
      if (status !== 200) throw new Error(JSON.stringify(body));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function checkpointAt(address: string, logKey: string) {
  const text = await (await fetch(`${address}/v1/log/checkpoint`)).text();
  return openCheckpoint(text, parseVerifierKey(logKey));
}

async function consistencyFrom(address: string, size: number): Promise<readonly Uint8Array[]> {
  const reply = await fetch(`${address}/v1/log/consistency?from=${size}`);
  // A cast: this is the contract.
  const { consistencyProof } = (await reply.json()) as { consistencyProof: string[] };
  return consistencyProof.map((node) => base64urlnopad.decode(node));
}

describe('two usherd processes on one directory', () => {
  it('append 1,000 leaves each to one consistent log, and use no serial twice', {
    timeout: 180_000,
  }, async () => {
    await using usherd = await startUsherd({ roster: ROSTER, config: [LIMITS] });
    await using second = await startSecond(usherd);
    const logKey = await logKeyOf(usherd);
    const { origin, command } = usherd;
    const here = await Person.enrol({ origin, command, keyCounts: false });
    const there = await Person.enrol({ origin, command, address: second.address, keyCounts: false }, 'bob');
    const before = await checkpointAt(second.address, logKey);
    await Promise.all([issueMany(here, EACH), issueMany(there, EACH)]);
    for (const address of [usherd.origin, second.address]) {
      const after = await checkpointAt(address, logKey);
      expect(after.size).toBe(before.size + 2 * EACH);
      verifyConsistency(before, after, await consistencyFrom(address, before.size));
    }
    const { serials, serialsInLog, faults } = await readRecorded(usherd, logKey);
    expect(faults).toEqual([]);
    expect(new Set(serials).size).toBe(2 * EACH);
    expect(serialsInLog).toEqual(serials);
  });
});
