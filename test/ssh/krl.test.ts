/** KRLs as we write them; what ssh-keygen and sshd say of them stands in test/interop/ssh/krl.test.ts. */
import { randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Krl } from '../../src/ssh/krl.ts';
import { encodeKrl } from '../../src/ssh/krl.ts';
import type { RevokedCertificates } from '../../src/ssh/krl-certificates.ts';
import { MAX_BITMAP_BITS } from '../../src/ssh/krl-format.ts';
import type { DecodedKrl } from '../../src/ssh/krl-read.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import { planSerialSections } from '../../src/ssh/krl-serials.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import type { SerialRun } from '../../src/ssh/serial-set.ts';
import { SerialSet } from '../../src/ssh/serial-set.ts';
import { arbitraryKrl, arbitraryRuns } from '../support/arbitrary-krl.ts';
import { codeOf } from '../support/code-of.ts';
import { generateSigner } from '../support/keys.ts';

const KEYS = Array.from({ length: 6 }, () => generateSigner('ssh-ed25519').publicKey);
const [ca = generateSigner('ssh-ed25519').publicKey] = KEYS;
const NOTHING: Krl = {
  number: 7n,
  generatedAt: 1_800_000_000n,
  comment: '',
  certificates: [],
  keys: [],
  fingerprints: [],
};

describe('the writer refuses', () => {
  it.each<[string, Partial<Krl>, string]>([
    ['an empty key id, which many certificates have', byKeyIds(''), 'bad-key-id'],
    ['a key id that C ends at a NUL', byKeyIds('login:alice\0:1'), 'bad-key-id'],
    ['a key id that is not ASCII', byKeyIds('login:älice'), 'bad-key-id'],
    ['a key id of 256 characters', byKeyIds('x'.repeat(256)), 'bad-key-id'],
    ['a comment of two lines', { comment: 'a\nb' }, 'bad-krl'],
    ['a comment with a NUL', { comment: 'a\0b' }, 'bad-krl'],
    ['a fingerprint of SHA-1', { fingerprints: ['SHA1:x/mAeTzJ5hbmWUVvVJpVvVJpVvU'] }, 'bad-krl'],
    ['a fingerprint in hexadecimal', { fingerprints: [`SHA256:${'0'.repeat(64)}`] }, 'bad-krl'],
    ['a fingerprint that ends in stray bits', { fingerprints: [`SHA256:${'A'.repeat(42)}B`] }, 'bad-armor'],
    ['more authorities than it would read', { certificates: Array(1025).fill(of([1n])) }, 'too-long'],
  ])('%s', (_, changes, code) => {
    expect(codeOf(() => encodeKrl({ ...NOTHING, ...changes }))).toBe(code);
  });

  it('what it would not read again', () => {
    const keyIds = Array.from({ length: 130_000 }, (_, index) => `${index}`.padStart(255, 'x'));
    expect(codeOf(() => encodeKrl({ ...NOTHING, certificates: [{ ...of([]), keyIds }] }))).toBe('too-long');
  });

  it('an authority that is listed twice', () => {
    expect(() => encodeKrl({ ...NOTHING, certificates: [of([1n]), of([2n])] })).toThrow(TypeError);
  });
});

describe('a KRL', () => {
  it('with nothing in it has only a header', () => {
    const bytes = encodeKrl(NOTHING);
    const header = ['5353484b524c0a00', '00000001', '0000000000000007', '000000006b49d200', '0'.repeat(32)];
    expect(Buffer.from(bytes).toString('hex')).toBe(header.join(''));
    expect(encodeKrl({ ...NOTHING, certificates: [of([])] })).toEqual(bytes);
    expect(decodeKrl(bytes)).toEqual(contentOf(NOTHING));
  });

  it('is read as what was written', () => {
    fc.assert(
      fc.property(arbitraryKrl(KEYS), (krl) => {
        expect(shown(decodeKrl(encodeKrl(krl)))).toEqual(shown(contentOf(krl)));
      }),
      { numRuns: 500 },
    );
  });

  it('has the same bytes in whatever order its content comes', () => {
    fc.assert(
      fc.property(arbitraryKrl(KEYS), (krl) => {
        const turned = {
          ...krl,
          certificates: krl.certificates
            .map((one) => ({ ...one, keyIds: one.keyIds.toReversed() }))
            .reverse(),
          keys: [...krl.keys, ...krl.keys].reverse(),
          fingerprints: [...krl.fingerprints, ...krl.fingerprints].reverse(),
        };
        expect(encodeKrl(turned)).toEqual(encodeKrl(krl));
      }),
    );
  });
});

describe('serials', () => {
  it('are in the fewest bytes that lists, ranges and bitmaps of whole runs can be', () => {
    fc.assert(
      fc.property(arbitraryRuns, (runs) => {
        const serials = SerialSet.ofRuns(runs);
        expect(bytesOf(serials)).toBe(fewestBytes([...serials]));
      }),
      { numRuns: 1000 },
    );
  });

  it.each<[string, readonly bigint[], string]>([
    ['one', [5n], 'list'],
    ['two that are far apart', [5n, 2n ** 50n], 'list'],
    ['many in a row', steps(100_000, 1n), 'range'],
    ['every second one', steps(1000, 2n), 'bitmap'],
    ['every second one in more than a bitmap', steps(MAX_BITMAP_BITS, 2n), 'bitmap bitmap'],
    ['at random', Array.from(randomSerials(1000)), 'list'],
    ['none', [], ''],
  ])('%s', (_, serials, kinds) => {
    const sections = planSerialSections(SerialSet.of(serials));
    expect(sections.map(({ kind }) => kind).join(' ')).toBe(kinds);
  });

  it('at random take 8 bytes each', () => {
    const bytes = encodeKrl({ ...NOTHING, certificates: [of(randomSerials(10_000))] });
    expect(bytes.length).toBeLessThan(80_200);
  });

  it('of one of ours and the last there is are written and read', () => {
    const serials = [1n, 2n ** 51n, 2n ** 63n - 1n, 2n ** 64n - 2n, 2n ** 64n - 1n];
    const [read] = decodeKrl(encodeKrl({ ...NOTHING, certificates: [of(serials)] })).certificates;
    expect(serials.every((serial) => read?.serials.has(serial))).toBe(true);
  });
});

function of(serials: Iterable<bigint>): RevokedCertificates {
  return { authority: ca, serials: SerialSet.of(serials), keyIds: [] };
}

function byKeyIds(...keyIds: readonly string[]): Partial<Krl> {
  return { certificates: [{ authority: ca, serials: SerialSet.of([]), keyIds }] };
}

function steps(count: number, step: bigint): readonly bigint[] {
  return Array.from({ length: count }, (_, index) => 1n + step * BigInt(index));
}

function randomSerials(count: number): BigUint64Array {
  return randomFillSync(new BigUint64Array(count)).map((serial) => (serial >> 1n) | 1n);
}

/** What a reader must find: everything sorted by its bytes, nothing twice, no authority without a revocation. */
function contentOf({ fingerprints, ...krl }: Krl): DecodedKrl {
  return {
    ...krl,
    certificates: krl.certificates
      .filter(({ serials, keyIds }) => serials.runs + keyIds.length > 0)
      .map(({ authority, serials, keyIds }) => ({
        authority,
        serials,
        keyIds: [...new Set(keyIds)].sort(),
      }))
      .sort((a, b) => Buffer.compare(bytesOrNone(a.authority), bytesOrNone(b.authority))),
    keys: sorted(krl.keys.map(encodePublicKey)),
    sha256Fingerprints: sorted(
      fingerprints.map((text) => Buffer.from(text.slice('SHA256:'.length), 'base64')),
    ),
    sha1Fingerprints: [],
  };
}

function bytesOrNone(authority: PublicKey | 'any'): Uint8Array {
  return authority === 'any' ? new Uint8Array() : encodePublicKey(authority);
}

function sorted(blobs: readonly Uint8Array[]): readonly Uint8Array[] {
  const all = blobs.map((blob) => Buffer.from(blob).toString('hex'));
  return [...new Set(all)].sort().map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
}

/** With the runs in sight, which a set keeps to itself. */
function shown({ certificates, ...krl }: DecodedKrl): object {
  return { ...krl, certificates: certificates.map((one) => ({ ...one, serials: [...one.serials] })) };
}

function bytesOf(serials: SerialSet): number {
  const none = encodeKrl({ ...NOTHING, certificates: [{ ...of([]), keyIds: ['x'] }] }).length;
  return encodeKrl({ ...NOTHING, certificates: [{ ...of([]), serials, keyIds: ['x'] }] }).length - none;
}

/** Every way to cut the runs into sections is tried, by the sizes that PROTOCOL.krl gives. */
function fewestBytes(runs: readonly SerialRun[]): number {
  const fewest = [0];
  for (let to = 1; to <= runs.length; to++) {
    const ways = runs.slice(0, to).map((_, from) => (fewest[from] ?? 0) + sectionBytes(runs.slice(from, to)));
    fewest.push(Math.min(...ways));
  }
  return fewest.at(-1) ?? 0;
}

function sectionBytes(runs: readonly SerialRun[]): number {
  const [first, last] = [runs[0], runs.at(-1)];
  if (first === undefined || last === undefined) throw new Error('no runs');
  const listed = runs.reduce((sum, run) => sum + Number(run.last - run.first) + 1, 0);
  const bits = Number(last.last - first.first) + 1;
  const mpint = 4 + Math.ceil(bits / 8) + (bits % 8 === 0 ? 1 : 0);
  return Math.min(
    5 + 8 * listed,
    runs.length === 1 ? 5 + 16 : Number.POSITIVE_INFINITY,
    bits <= MAX_BITMAP_BITS ? 5 + 8 + mpint : Number.POSITIVE_INFINITY,
  );
}
