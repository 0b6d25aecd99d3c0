/** How long a KRL of random serials takes to build and to read, how large it is, and how long OpenSSH takes to look into it once. */
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeKrl } from '../src/ssh/krl.ts';
import { decodeKrl } from '../src/ssh/krl-read.ts';
import { formatPublicKeyLine } from '../src/ssh/public-key.ts';
import { SerialSet } from '../src/ssh/serial-set.ts';
import { generateSigner } from '../test/support/keys.ts';

export interface KrlTimes {
  readonly serials: number;
  readonly bytes: number;
  readonly buildMs: number;
  readonly readMs: number;
  /** `ssh-keygen -Q`, which does what sshd does at each login. */
  readonly opensshMs: number;
}

const COUNTS = [1_000, 10_000, 100_000, 1_000_000];

export function measureKrls(): readonly KrlTimes[] {
  measureKrl(1_000);
  return COUNTS.map(measureKrl);
}

function measureKrl(count: number): KrlTimes {
  const authority = generateSigner('ssh-ed25519').publicKey;
  // What the store hands over is a list of bigints, in no order.
  const serials = Array.from(randomFillSync(new BigUint64Array(count)), (serial) => (serial >> 1n) | 1n);
  const [bytes, buildMs] = timed(() =>
    encodeKrl({
      number: 1n,
      generatedAt: 1_800_000_000n,
      comment: '',
      certificates: [{ authority, serials: SerialSet.of(serials), keyIds: [] }],
      keys: [],
      fingerprints: [],
    }),
  );
  const [, readMs] = timed(() => decodeKrl(bytes));
  return {
    serials: count,
    bytes: bytes.length,
    buildMs,
    readMs,
    opensshMs: queryMs(bytes, formatPublicKeyLine(authority)),
  };
}

function queryMs(krl: Uint8Array, keyLine: string): number {
  const directory = mkdtempSync(join(tmpdir(), 'usher-bench-krl-'));
  try {
    const [krlFile, keyFile] = [join(directory, 'krl'), join(directory, 'key.pub')];
    writeFileSync(krlFile, krl);
    writeFileSync(keyFile, `${keyLine}\n`);
    const [{ status }, ms] = timed(() => spawnSync('ssh-keygen', ['-Q', '-f', krlFile, keyFile]));
    if (status !== 0) throw new Error('ssh-keygen does not read the KRL, or calls a good key revoked');
    return ms;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function timed<T>(work: () => T): readonly [result: T, ms: number] {
  const began = performance.now();
  const result = work();
  return [result, Math.round(performance.now() - began)];
}
