/** KRLs before their judges: ssh-keygen reads ours as what they say, we read those that it makes, and sshd obeys them. */
import { randomBytes, randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Certificate } from '../../../src/ssh/certificate.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { SshError } from '../../../src/ssh/error.ts';
import type { Krl } from '../../../src/ssh/krl.ts';
import { encodeKrl } from '../../../src/ssh/krl.ts';
import type { RevokedCertificates } from '../../../src/ssh/krl-certificates.ts';
import { isCertificateRevoked, isKeyRevoked } from '../../../src/ssh/krl-query.ts';
import type { DecodedKrl } from '../../../src/ssh/krl-read.ts';
import { decodeKrl } from '../../../src/ssh/krl-read.ts';
import { writeOpensshPrivateKey } from '../../../src/ssh/openssh-key.ts';
import type { PublicKey } from '../../../src/ssh/public-key.ts';
import { encodePublicKey, fingerprint, formatPublicKeyLine, KEY_TYPES } from '../../../src/ssh/public-key.ts';
import type { SerialRun } from '../../../src/ssh/serial-set.ts';
import { SerialSet } from '../../../src/ssh/serial-set.ts';
import { arbitraryKrl, arbitraryRuns } from '../../support/arbitrary-krl.ts';
import { issue, validNow } from '../../support/certificates.ts';
import type { TestSigner } from '../../support/keys.ts';
import { generateKey, generateSigner } from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { Sshd } from '../../support/sshd.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';

const NOTHING: Krl = {
  number: 7n,
  generatedAt: 1_800_000_000n,
  comment: '',
  certificates: [],
  keys: [],
  fingerprints: [],
};

describe.runIf(haveParts({ 'ssh-keygen': 'openssh-client' }))('ssh-keygen', () => {
  let directory: string;
  let authorities: readonly TestSigner[];
  let count = 0;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-test-krl-'));
    authorities = KEY_TYPES.map(generateSigner);
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function fileOf(contents: string | Uint8Array): Promise<string> {
    const file = join(directory, `${count++}`);
    await writeFile(file, contents);
    return file;
  }

  /** Which of these it calls revoked. */
  async function query(krl: Uint8Array, lines: readonly string[]): Promise<readonly boolean[]> {
    const files = await Promise.all(lines.map((line) => fileOf(`${line}\n`)));
    const { stdout, stderr } = await run(program('ssh-keygen'), ['-Q', '-f', await fileOf(krl), ...files]);
    const answers = stdout.trim().split('\n');
    expect(answers, stderr).toHaveLength(files.length);
    return answers.map((answer) => answer.endsWith(': REVOKED'));
  }

  async function listing(krl: Uint8Array): Promise<string> {
    return runOrThrow(program('ssh-keygen'), ['-Q', '-l', '-f', await fileOf(krl)], { env: { TZ: 'UTC' } });
  }

  /** A KRL by its own hand; undefined when it can not read it again, as with long bitmaps (OpenSSH up to 10.5). */
  async function make(spec: string, authority?: PublicKey): Promise<Uint8Array | undefined> {
    const out = join(directory, `${count++}`);
    const key = authority === undefined ? [] : ['-s', await fileOf(formatPublicKeyLine(authority))];
    await runOrThrow(program('ssh-keygen'), ['-k', '-q', '-f', out, ...key, '-z', '99', await fileOf(spec)]);
    const { code } = await run(program('ssh-keygen'), ['-Q', '-l', '-f', out]);
    return code === 0 ? readFile(out) : undefined;
  }

  it('finds revoked what is, and nothing else, for each type of CA and of key', async () => {
    const subjects = KEY_TYPES.map((type) => generateSigner(type).publicKey);
    const certificates = authorities.flatMap((authority, row) =>
      subjects.map((subject, column) =>
        issue(authority, { subject, serial: randomSerial(), keyId: `login:person${row}:${column}` }),
      ),
    );
    const everything = arbitrarySubset(certificates, subjects, authorities);
    for (const krl of fc.sample(everything, { numRuns: 25, seed: 1 })) {
      const bytes = encodeKrl(krl);
      const read = decodeKrl(bytes);
      const lines = [
        ...certificates.map((one) => formatCertificateLine(one)),
        ...subjects.map((key) => formatPublicKeyLine(key)),
      ];
      const ours = [
        ...certificates.map(({ fields }) => isCertificateRevoked(read, fields)),
        ...subjects.map((key) => isKeyRevoked(read, key)),
      ];
      expect(await query(bytes, lines)).toEqual(ours);
    }
  });

  it('lists of ours what they say', async () => {
    const keys = authorities.map(({ publicKey }) => publicKey);
    for (const krl of fc.sample(arbitraryKrl(keys), { numRuns: 100, seed: 2 })) {
      const bytes = encodeKrl(krl);
      const lines = (await listing(bytes)).split('\n');
      expect(lines[0]).toBe(`# KRL version ${krl.number}`);
      expect(lines.filter((line) => /^(serial|id): |^# (CA key|Wildcard)/.test(line))).toEqual(listed(krl));
      const hashes = new Set(krl.keys.map(fingerprint)).size + new Set(krl.fingerprints).size;
      expect(lines.filter((line) => line.startsWith('hash: '))).toHaveLength(hashes);
    }
  });

  it('reads one with nothing in it', async () => {
    const [ca = generateSigner('ssh-ed25519')] = authorities;
    expect(await listing(encodeKrl(NOTHING))).toContain('# KRL version 7\n# Generated at 20270115T080000');
    expect(await query(encodeKrl(NOTHING), [formatCertificateLine(issue(ca))])).toEqual([false]);
  });

  it('finds each of many random serials', async () => {
    const ca = generateSigner('ssh-ed25519');
    const serials = Array.from({ length: 100_000 }, randomSerial);
    const revoked = serials.filter((_, index) => index % 5000 === 0);
    const others = revoked.flatMap((serial) => [serial - 1n, serial + 1n, randomSerial()]);
    const lines = [...revoked, ...others].map((serial) => formatCertificateLine(issue(ca, { serial })));
    const krl = encodeKrl({ ...NOTHING, certificates: [by(ca.publicKey, SerialSet.of(serials))] });
    expect(krl.length).toBeLessThan(1_000_000);
    expect(await query(krl, lines)).toEqual([...revoked.map(() => true), ...others.map(() => false)]);
  });

  it('can read ours where the serials make a bitmap that is too long in its own', async () => {
    const ca = generateSigner('ssh-ed25519');
    const serials = Array.from({ length: 40_000 }, (_, index) => BigInt(2 * index + 1));
    const krl = encodeKrl({ ...NOTHING, certificates: [by(ca.publicKey, SerialSet.of(serials))] });
    expect(krl.length).toBeLessThan(10_500);
    const lines = [1n, 2n, 79_999n, 80_000n].map((serial) => formatCertificateLine(issue(ca, { serial })));
    expect(await query(krl, lines)).toEqual([true, false, true, false]);
  });

  it('reads whatever we read, as the same: else a host would take a KRL with which sshd lets nobody in', async () => {
    const [first = generateSigner('ssh-ed25519'), second = first] = authorities;
    const whole = encodeKrl({
      ...NOTHING,
      comment: 'x',
      certificates: [
        { authority: first.publicKey, serials: SerialSet.ofRuns(MIXED), keyIds: ['a', 'b'] },
        { authority: second.publicKey, serials: SerialSet.ofRuns(MIXED), keyIds: [] },
      ],
      fingerprints: [fingerprint(first.publicKey), fingerprint(second.publicKey)],
    });
    const change = fc.tuple(
      fc.nat(whole.length - 1),
      fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
    );
    let accepted = 0;
    for (const [place, value] of fc.sample(change, { numRuns: 600, seed: 4 })) {
      const changed = whole.slice().fill(value, place, place + 1);
      const read = readOrNone(changed);
      if (read === undefined) continue;
      const lines = (await listing(changed)).split('\n');
      const serials = read.certificates.flatMap((one) => [...one.serials].map(rangeSpec));
      expect(lines.filter((line) => line.startsWith('serial: '))).toEqual(serials);
      const keyIds = read.certificates.flatMap((one) => one.keyIds);
      expect(lines.filter((line) => line.startsWith('id: '))).toHaveLength(keyIds.length);
      accepted += 1;
    }
    expect(accepted).toBeGreaterThan(50);
  });

  describe('makes KRLs', () => {
    it('of serials and key ids, that we read as the same, and write in no more bytes', async () => {
      const specs = fc.tuple(
        arbitraryRuns,
        fc.array(fc.stringMatching(/^[a-z0-9:@.]{1,20}$/), { maxLength: 5 }),
      );
      let made = 0;
      for (const [runs, keyIds] of fc.sample(specs, { numRuns: 60, seed: 3 })) {
        const authority = authorities[made % authorities.length]?.publicKey;
        const spec = [...runs.map(rangeSpec), ...keyIds.map((keyId) => `id: ${keyId}`)];
        const bytes = await make(`${spec.join('\n')}\n`, authority);
        if (bytes === undefined) continue;
        const serials = SerialSet.ofRuns(runs);
        const read = decodeKrl(bytes);
        expect(contentOf(read)).toEqual({
          number: 99n,
          certificates:
            spec.length === 0 ? [] : [[hexOf(authority), [...serials], [...new Set(keyIds)].sort()]],
        });
        const certificates = [{ ...by(authority ?? 'any', serials), keyIds }];
        expect(encodeKrl({ ...NOTHING, certificates }).length).toBeLessThanOrEqual(bytes.length);
        made += 1;
      }
      expect(made).toBeGreaterThan(40);
    }, 120_000);

    it('of keys and fingerprints, that we read as the same', async () => {
      const keys = KEY_TYPES.map((type) => generateSigner(type).publicKey);
      const spec = ['key', 'sha256', 'sha1'].flatMap((kind) =>
        keys.map((key) => `${kind}: ${formatPublicKeyLine(key)}`),
      );
      const bytes = await make(`${spec.join('\n')}\n`);
      const read = decodeKrl(bytes ?? new Uint8Array());
      expect(read.keys.map(hex)).toEqual(keys.map((key) => hex(encodePublicKey(key))).sort());
      expect([read.sha256Fingerprints.length, read.sha1Fingerprints.length]).toEqual([7, 7]);
      for (const one of ['keys', 'sha256Fingerprints', 'sha1Fingerprints'] as const) {
        const alone = { ...decodeKrl(encodeKrl(NOTHING)), [one]: read[one] };
        expect(keys.map((key) => isKeyRevoked(alone, key))).toEqual(keys.map(() => true));
        expect(isKeyRevoked(alone, generateSigner('ssh-ed25519').publicKey)).toBe(false);
      }
    });

    it('with nothing in them', async () => {
      expect(contentOf(decodeKrl((await make('')) ?? new Uint8Array()))).toEqual({
        number: 99n,
        certificates: [],
      });
    });

    it('of weak keys, which we read as well', async () => {
      const file = join(directory, 'weak');
      await runOrThrow(program('ssh-keygen'), ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', file]);
      const bytes = await make(`key: ${await readFile(`${file}.pub`, 'utf8')}`);
      expect(decodeKrl(bytes ?? new Uint8Array()).keys).toHaveLength(1);
    });

    it('from ours and more, in which nothing of ours is lost', async () => {
      const [first = generateSigner('ssh-ed25519'), second = first] = authorities;
      const certificates = [
        { ...by(first.publicKey, SerialSet.of([5n, 9n, 2n ** 62n])), keyIds: ['login:alice:1'] },
        by(second.publicKey, SerialSet.ofRuns([{ first: 1n, last: 2n ** 40n }])),
      ];
      const file = await fileOf(encodeKrl({ ...NOTHING, certificates, keys: [first.publicKey] }));
      const ca = await fileOf(formatPublicKeyLine(first.publicKey));
      const spec = await fileOf('serial: 7\nid: login:bob:1\n');
      await runOrThrow(program('ssh-keygen'), ['-k', '-u', '-q', '-f', file, '-s', ca, '-z', '8', spec]);
      const more = [
        {
          ...by(first.publicKey, SerialSet.of([5n, 7n, 9n, 2n ** 62n])),
          keyIds: ['login:alice:1', 'login:bob:1'],
        },
        by(second.publicKey, SerialSet.ofRuns([{ first: 1n, last: 2n ** 40n }])),
      ];
      const expected = decodeKrl(
        encodeKrl({ ...NOTHING, number: 8n, certificates: more, keys: [first.publicKey] }),
      );
      const read = decodeKrl(await readFile(file));
      expect(contentOf(read)).toEqual(contentOf(expected));
      expect(read.keys).toEqual(expected.keys);
    });
  });
});

describe.runIf(haveParts(SSHD_PARTS))('a real sshd', () => {
  const ca = generateSigner('ssh-ed25519');
  const key = generateKey('ssh-ed25519');
  let directory: string;
  let identityFile: string;
  let server: Sshd;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-test-krl-login-'));
    identityFile = join(directory, 'key');
    await writeFile(identityFile, writeOpensshPrivateKey(key, '', 1), { mode: 0o600 });
    server = await startSshd({
      authorities: [formatPublicKeyLine(ca.publicKey)],
      principals: { [LOGIN]: [`${LOGIN}@web1`] },
      revokedKeys: encodeKrl(NOTHING),
    });
  });

  afterAll(async () => {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  function certify(serial: bigint): Certificate {
    return issue(ca, {
      ...{ subject: key.publicKey, serial, keyId: `login:alice:${serial}`, principals: [`${LOGIN}@web1`] },
      ...validNow(),
    });
  }

  async function getsIn(certificate: Certificate): Promise<boolean> {
    const certificateFile = join(directory, `${randomBytes(6).toString('hex')}.pub`);
    await writeFile(certificateFile, `${formatCertificateLine(certificate)}\n`);
    const { code, stderr } = await server.login({ identityFile, certificateFile });
    if (code !== 0) expect(stderr).toMatch(/Permission denied/);
    return code === 0;
  }

  it.each<[string, (serial: bigint) => Partial<Krl>]>([
    ['its serial', (serial) => ({ certificates: [by(ca.publicKey, SerialSet.of([serial, serial + 7n]))] })],
    ['its serial among many', (serial) => ({ certificates: [by(ca.publicKey, manyWith(serial))] })],
    [
      'its key id',
      (serial) => ({ certificates: [{ ...by('any', SerialSet.of([])), keyIds: [`login:alice:${serial}`] }] }),
    ],
    ['its key', () => ({ keys: [key.publicKey] })],
    ['the fingerprint of its key', () => ({ fingerprints: [fingerprint(key.publicKey)] })],
    ['its CA key', () => ({ keys: [ca.publicKey] })],
  ])(
    'refuses a certificate from the moment that a KRL with %s is in place, without reload',
    async (_, revoked) => {
      const serial = randomSerial();
      const krl = revoked(serial);
      await server.writeRevokedKeys(encodeKrl(NOTHING));
      expect(await getsIn(certify(serial))).toBe(true);
      await server.writeRevokedKeys(encodeKrl({ ...NOTHING, ...krl }));
      expect(await getsIn(certify(serial))).toBe(false);
      expect(await getsIn(certify(serial + 1n))).toBe(krl.certificates !== undefined);
      await server.writeRevokedKeys(encodeKrl(NOTHING));
      expect(await getsIn(certify(serial))).toBe(true);
    },
  );

  it('lets nobody in with a KRL that is cut short', async () => {
    const krl = encodeKrl({ ...NOTHING, fingerprints: [fingerprint(ca.publicKey)] });
    await server.writeRevokedKeys(krl.subarray(0, krl.length - 1));
    expect(await getsIn(certify(randomSerial()))).toBe(false);
    await server.writeRevokedKeys(encodeKrl(NOTHING));
    expect(await getsIn(certify(randomSerial()))).toBe(true);
  });
});

/** A range, a bitmap and a list. */
const MIXED: readonly SerialRun[] = [
  { first: 1n, last: 1000n },
  ...[0n, 2n, 4n, 7n, 9n, 30n, 31n, 60n].map((step) => ({ first: 5000n + step, last: 5000n + step })),
  ...[1n, 2n].map((step) => ({ first: step << 40n, last: step << 40n })),
];

function readOrNone(krl: Uint8Array): DecodedKrl | undefined {
  try {
    return decodeKrl(krl);
  } catch (error) {
    if (error instanceof SshError) return undefined;
    throw error;
  }
}

/** Any part of what there is, revoked in any of the ways. */
function arbitrarySubset(
  certificates: readonly Certificate[],
  subjects: readonly PublicKey[],
  signers: readonly TestSigner[],
): fc.Arbitrary<Krl> {
  const some = fc.record({
    bySerial: fc.subarray([...certificates], { maxLength: 12 }),
    byKeyId: fc.subarray([...certificates], { maxLength: 6 }),
    ofAnyCa: fc.subarray([...certificates], { maxLength: 3 }),
    keys: fc.subarray([...subjects, ...signers.map(({ publicKey }) => publicKey)], { maxLength: 2 }),
    hashed: fc.subarray([...subjects, ...signers.map(({ publicKey }) => publicKey)], { maxLength: 2 }),
  });
  return some.map(({ bySerial, byKeyId, ofAnyCa, keys, hashed }) => ({
    ...NOTHING,
    certificates: [
      ...signers.map(({ publicKey }) => ({
        authority: publicKey,
        serials: SerialSet.of(ofCa(bySerial, publicKey).map(({ fields }) => fields.serial)),
        keyIds: ofCa(byKeyId, publicKey).map(({ fields }) => fields.keyId),
      })),
      { ...by('any', SerialSet.of(ofAnyCa.map(({ fields }) => fields.serial))), keyIds: ['login:person1:1'] },
    ],
    keys,
    fingerprints: hashed.map(fingerprint),
  }));
}

function ofCa(certificates: readonly Certificate[], ca: PublicKey): readonly Certificate[] {
  return certificates.filter(({ fields }) => fingerprint(fields.authority) === fingerprint(ca));
}

function by(authority: PublicKey | 'any', serials: SerialSet): RevokedCertificates {
  return { authority, serials, keyIds: [] };
}

function manyWith(serial: bigint): SerialSet {
  return SerialSet.of([serial, ...Array.from({ length: 10_000 }, randomSerial)]);
}

/** As ours are: 63 bits, and not among those for emergencies. */
function randomSerial(): bigint {
  const [random = 0n] = randomFillSync(new BigUint64Array(1));
  return (random >> 1n) | (1n << 51n);
}

function rangeSpec({ first, last }: SerialRun): string {
  return first === last ? `serial: ${first}` : `serial: ${first}-${last}`;
}

/** The lines of `ssh-keygen -Q -l` on certificates (krl.c `krl_dump`), in the order of our sections. */
function listed({ certificates }: Krl): readonly string[] {
  return certificates
    .filter(({ serials, keyIds }) => serials.runs + keyIds.length > 0)
    .toSorted((a, b) => (hexOf(a.authority) < hexOf(b.authority) ? -1 : 1))
    .flatMap(({ authority, serials, keyIds }) => [
      authority === 'any' ? '# Wildcard CA' : expect.stringContaining(fingerprint(authority)),
      ...[...serials].map(rangeSpec),
      ...[...new Set(keyIds)].sort().map((keyId) => `id: ${keyId}`),
    ]);
}

function contentOf({ number, certificates }: DecodedKrl): object {
  const shown = certificates.map(({ authority, serials, keyIds }) => [
    hexOf(authority),
    [...serials],
    keyIds,
  ]);
  return { number, certificates: shown };
}

function hexOf(authority: PublicKey | 'any' | undefined): string {
  return authority === undefined || authority === 'any' ? '' : hex(encodePublicKey(authority));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
