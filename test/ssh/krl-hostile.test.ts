/** KRLs made by people who mean harm, or by careless programs: each is refused, with a reason. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SshErrorCode } from '../../src/ssh/error.ts';
import { SshError } from '../../src/ssh/error.ts';
import { encodeKrl } from '../../src/ssh/krl.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import { encodePublicKey, fingerprint } from '../../src/ssh/public-key.ts';
import { SerialSet } from '../../src/ssh/serial-set.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { issue } from '../support/certificates.ts';
import { codeOf } from '../support/code-of.ts';
import { generateKey, generateSigner } from '../support/keys.ts';
import { strings } from '../support/raw-certificate.ts';

type Bytes = Uint8Array;

const [CERTIFICATES, KEYS, SHA1, SIGNATURE, SHA256, EXTENSION] = [1, 2, 3, 4, 5, 255];
const [LIST, RANGE, BITMAP, KEY_IDS, CERTIFICATE_EXTENSION] = [0x20, 0x21, 0x22, 0x23, 0x39];
const LAST = 2n ** 64n - 1n;
const ca = generateSigner('ssh-ed25519');
const key = encodePublicKey(ca.publicKey);
/** OpenSSH refuses the whole KRL, and sshd then everybody. */
const OFF_CURVE = strings('ecdsa-sha2-nistp256', 'nistp256', new Uint8Array(65).fill(7).fill(4, 0, 1));
const certificateBlob = (() => {
  const { draft, signature } = issue(ca, { subject: ca.publicKey });
  return new WireWriter().raw(draft).string(signature).bytes();
})();

describe('a KRL is refused', () => {
  it.each<[string, Bytes, SshErrorCode]>([
    ['that is empty', new Uint8Array(), 'truncated'],
    ['that is a list of public keys', new TextEncoder().encode('ssh-ed25519 AAAA'), 'bad-krl'],
    ['of another magic', header().with(0, 0x73), 'bad-krl'],
    ['of format version 0', header({ version: 0 }), 'bad-krl'],
    ['of format version 2', header({ version: 2 }), 'bad-krl'],
    ['with a flag, whatever it may mean', header({ flags: 1n }), 'bad-krl'],
    ['with something in the reserved field', header({ reserved: 'x' }), 'bad-krl'],
    ['with a NUL in its comment', header({ comment: 'all good\0' }), 'bad-krl'],
    ['with a comment that is not UTF-8', header({ comment: Uint8Array.of(0xff) }), 'bad-utf8'],
    ['that ends in half a section', concat(header(), Uint8Array.of(KEYS, 0, 0)), 'truncated'],
    ['with a section of 4 GiB', concat(header(), Uint8Array.of(KEYS, 255, 255, 255, 255)), 'truncated'],
    ['with a section of no known type', krl([6, new Uint8Array()]), 'unknown-type'],
    ['with a section of type 0', krl([0, new Uint8Array()]), 'unknown-type'],
    ['with a signature', concat(krl([SIGNATURE, key]), strings('signature')), 'bad-krl'],
    ['that is larger than any of ours', new Uint8Array(33_554_433), 'too-long'],
  ])('%s', (_, bytes, code) => {
    expect(codeOf(() => decodeKrl(bytes))).toBe(code);
  });

  it.each<[string, number, Bytes, SshErrorCode]>([
    ['an empty section of keys', KEYS, new Uint8Array(), 'truncated'],
    ['an empty key', KEYS, strings(''), 'truncated'],
    ['a certificate as key', KEYS, strings(certificateBlob), 'nested-certificate'],
    ['a key twice', KEYS, strings(key, key), 'not-canonical'],
    ['keys in the wrong order', KEYS, strings(strings('b'), strings('a')), 'not-canonical'],
    ['a longer key before its beginning', KEYS, strings(strings('a', ''), strings('a')), 'not-canonical'],
    ['an empty section of fingerprints', SHA256, new Uint8Array(), 'truncated'],
    ['a SHA-256 of 31 bytes', SHA256, strings(new Uint8Array(31)), 'bad-krl'],
    ['a SHA-256 of 33 bytes', SHA256, strings(new Uint8Array(33)), 'bad-krl'],
    ['a SHA-1 among SHA-256', SHA256, strings(new Uint8Array(20)), 'bad-krl'],
    ['a SHA-256 among SHA-1', SHA1, strings(new Uint8Array(32)), 'bad-krl'],
    ['a fingerprint twice', SHA256, strings(hash(1), hash(1)), 'not-canonical'],
    ['fingerprints in the wrong order', SHA256, strings(hash(0x80), hash(0x7f)), 'not-canonical'],
    ['SHA-1 in the wrong order', SHA1, strings(hash(2, 20), hash(1, 20)), 'not-canonical'],
    ['a critical extension', EXTENSION, extension(1), 'unknown-type'],
    ['an extension that is critical by 2', EXTENSION, extension(2), 'not-canonical'],
    ['an extension with more behind it', EXTENSION, concat(extension(0), hash(0, 1)), 'trailing-bytes'],
    ['an extension without a body', EXTENSION, extension(0).slice(0, -9), 'truncated'],
    ['an authority that is a certificate', CERTIFICATES, strings(certificateBlob, ''), 'nested-certificate'],
    ['an authority that is no key', CERTIFICATES, strings(strings('key'), ''), 'unknown-type'],
    [
      'an authority with more behind it',
      CERTIFICATES,
      strings(concat(key, hash(0, 1)), ''),
      'trailing-bytes',
    ],
    ['an authority that is off its curve', CERTIFICATES, strings(OFF_CURVE, ''), 'bad-key'],
    ['something in the reserved field of an authority', CERTIFICATES, strings(key, 'x'), 'bad-krl'],
    ['an authority without its reserved field', CERTIFICATES, strings(key), 'truncated'],
  ])('with %s', (_, type, section, code) => {
    expect(codeOf(() => decodeKrl(krl([type, section])))).toBe(code);
  });

  it.each<[string, Bytes, SshErrorCode]>([
    ['a section of no known type', certificates([0x24, uint64s(1n)]), 'unknown-type'],
    ['an empty list', certificates([LIST, uint64s()]), 'not-canonical'],
    ['half a serial', certificates([LIST, new Uint8Array(12).fill(1)]), 'truncated'],
    ['serial 0', certificates([LIST, uint64s(0n)]), 'bad-serial'],
    ['a serial twice', certificates([LIST, uint64s(5n, 5n)]), 'not-canonical'],
    ['serials in the wrong order', certificates([LIST, uint64s(6n, 5n)]), 'not-canonical'],
    ['lists in the wrong order', certificates([LIST, uint64s(6n)], [LIST, uint64s(5n)]), 'not-canonical'],
    ['a range of one number', certificates([RANGE, uint64s(5n)]), 'truncated'],
    ['a range of three numbers', certificates([RANGE, uint64s(5n, 6n, 7n)]), 'trailing-bytes'],
    ['a range from 0', certificates([RANGE, uint64s(0n, 6n)]), 'bad-serial'],
    ['a range that ends before it begins', certificates([RANGE, uint64s(6n, 5n)]), 'bad-serial'],
    ['a range over a list', certificates([LIST, uint64s(5n)], [RANGE, uint64s(4n, 9n)]), 'not-canonical'],
    ['a bitmap without its number', certificates([BITMAP, uint64s(5n)]), 'truncated'],
    ['an empty bitmap', certificates([BITMAP, bitmap(5n, 0)]), 'not-canonical'],
    ['a bitmap with a needless zero', certificates([BITMAP, bitmap(5n, 0, 1)]), 'not-canonical'],
    ['a negative bitmap', certificates([BITMAP, bitmap(5n, 0x80)]), 'not-canonical'],
    [
      'a bitmap with more behind it',
      certificates([BITMAP, concat(bitmap(5n, 1), hash(1, 1))]),
      'trailing-bytes',
    ],
    ['a bitmap with serial 0', certificates([BITMAP, bitmap(0n, 1)]), 'bad-serial'],
    ['a bitmap beyond the last serial', certificates([BITMAP, bitmap(LAST, 3)]), 'bad-serial'],
    ['a bitmap of 16385 bits', certificates([BITMAP, bitmap(5n, 1, ...Array(2048).fill(0))]), 'too-long'],
    ['a bitmap that announces 4 GiB', certificates([BITMAP, concat(uint64s(5n), hash(255, 4))]), 'truncated'],
    ['no key ids', certificates([KEY_IDS, new Uint8Array()]), 'truncated'],
    ['a key id twice', certificates([KEY_IDS, strings('a', 'a')]), 'not-canonical'],
    ['key ids in the wrong order', certificates([KEY_IDS, strings('b', 'a')]), 'not-canonical'],
    ['a key id with NUL', certificates([KEY_IDS, strings('a\0')]), 'bad-krl'],
    ['a key id that is not UTF-8', certificates([KEY_IDS, strings(hash(0xff, 1))]), 'bad-utf8'],
    ['a critical extension', certificates([CERTIFICATE_EXTENSION, extension(1)]), 'unknown-type'],
  ])('with certificates of which it says: %s', (_, section, code) => {
    expect(codeOf(() => decodeKrl(krl([CERTIFICATES, section])))).toBe(code);
  });

  it('that lists an authority twice', () => {
    const one = certificates([LIST, uint64s(5n)]);
    expect(codeOf(() => decodeKrl(krl([CERTIFICATES, one], [CERTIFICATES, one])))).toBe('not-canonical');
    const any = strings('', '');
    expect(codeOf(() => decodeKrl(krl([CERTIFICATES, any], [CERTIFICATES, any])))).toBe('not-canonical');
  });

  it('that names more authorities than any fleet has', () => {
    const all = Array.from({ length: 1025 }, () =>
      strings(encodePublicKey(generateKey('ssh-ed25519').publicKey), ''),
    );
    expect(codeOf(() => decodeKrl(krl(...all.map((one) => [CERTIFICATES, one] as const))))).toBe('too-long');
  });

  it('that would take a hundred times its size of memory', () => {
    const every = Array(2047).fill(0x55);
    const all = Array.from({ length: 300 }, (_, index) => bitmap(BigInt(index + 1) << 20n, ...every));
    const many = all.map((one) => [BITMAP, one] as const);
    const [first, second] = [
      certificates(...many),
      certificatesOf(encodePublicKey(generateKey('ssh-ed25519').publicKey), ...many),
    ];
    expect(decodeKrl(krl([CERTIFICATES, first])).certificates[0]?.serials.runs).toBe(300 * 4 * 2047);
    expect(codeOf(() => decodeKrl(krl([CERTIFICATES, first], [CERTIFICATES, second])))).toBe('too-long');
  });

  it('cut at any byte that is not the end of a section', () => {
    const whole = encodeKrl({
      number: 1n,
      generatedAt: 1n,
      comment: 'whole',
      certificates: [{ authority: ca.publicKey, serials: mixed(), keyIds: ['login:alice:AAAAAAAA'] }],
      keys: [ca.publicKey],
      fingerprints: [fingerprint(ca.publicKey)],
    });
    const ends = sectionEnds(whole);
    for (let length = 0; length < whole.length; length++) {
      const read = () => decodeKrl(whole.subarray(0, length));
      if (ends.has(length)) expect(read, `${length} bytes`).not.toThrow();
      else expect(read, `${length} bytes`).toThrow(SshError);
    }
  });

  it('or read, and nothing else happens, with any byte changed', () => {
    const whole = encodeKrl({
      number: 1n,
      generatedAt: 1n,
      comment: '',
      certificates: [{ authority: 'any', serials: mixed(), keyIds: ['a', 'b'] }],
      keys: [],
      fingerprints: [],
    });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (place, value) => {
        const changed = whole.slice().fill(value, place, place + 1);
        expect(['read', 'SshError']).toContain(outcomeOf(() => decodeKrl(changed)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a KRL is read', () => {
  it('with extensions that are not critical', () => {
    const section = certificates([CERTIFICATE_EXTENSION, extension(0)], [LIST, uint64s(5n)]);
    const [read] = decodeKrl(krl([EXTENSION, extension(0)], [CERTIFICATES, section])).certificates;
    expect(read?.serials.has(5n)).toBe(true);
  });

  it('when a section follows another of its kind', () => {
    const read = decodeKrl(krl([SHA256, strings(hash(1))], [SHA256, strings(hash(2))]));
    expect(read.sha256Fingerprints).toEqual([hash(1), hash(2)]);
  });

  it('with a bitmap of 16384 bits, and one up to the last serial', () => {
    const section = certificates(
      [BITMAP, bitmap(1n, 0, 0x80, ...Array(2047).fill(0))],
      [BITMAP, bitmap(LAST, 1)],
    );
    const [read] = decodeKrl(krl([CERTIFICATES, section])).certificates;
    expect([...(read?.serials ?? [])].map(({ first }) => first)).toEqual([16_384n, LAST]);
  });
});

function mixed(): SerialSet {
  return SerialSet.ofRuns([
    { first: 1n, last: 1000n },
    ...[0n, 2n, 4n, 7n, 9n].map((step) => ({ first: 5000n + step, last: 5000n + step })),
    ...[1n, 2n].map((step) => ({ first: step << 40n, last: step << 40n })),
  ]);
}

interface Header {
  readonly version: number;
  readonly flags: bigint;
  readonly reserved: string;
  readonly comment: string | Bytes;
}

function header({ version = 1, flags = 0n, reserved = '', comment = '' }: Partial<Header> = {}): Bytes {
  return new WireWriter()
    .raw(new TextEncoder().encode('SSHKRL\n\0'))
    .uint32(version)
    .raw(uint64s(1n, 1_800_000_000n, flags))
    .string(reserved)
    .string(comment)
    .bytes();
}

function krl(...sections: readonly (readonly [type: number, data: Bytes])[]): Bytes {
  return concat(header(), typed(sections));
}

function certificates(...sections: readonly (readonly [type: number, data: Bytes])[]): Bytes {
  return certificatesOf(key, ...sections);
}

function certificatesOf(authority: Bytes, ...sections: readonly (readonly [number, Bytes])[]): Bytes {
  return concat(strings(authority, ''), typed(sections));
}

function typed(sections: readonly (readonly [type: number, data: Bytes])[]): Bytes {
  const writer = new WireWriter();
  for (const [type, data] of sections) writer.byte(type).string(data);
  return writer.bytes();
}

function uint64s(...all: readonly bigint[]): Bytes {
  const writer = new WireWriter();
  for (const one of all) writer.uint64(one);
  return writer.bytes();
}

function bitmap(offset: bigint, ...magnitude: readonly number[]): Bytes {
  const isZero = magnitude.length === 1 && magnitude[0] === 0;
  return concat(uint64s(offset), strings(isZero ? '' : Uint8Array.from(magnitude)));
}

function extension(critical: number): Bytes {
  return new WireWriter().string('who@example.org').byte(critical).string('what?').bytes();
}

function hash(byte: number, length = 32): Bytes {
  return new Uint8Array(length).fill(byte);
}

function concat(...parts: readonly Bytes[]): Bytes {
  return Uint8Array.from(Buffer.concat(parts));
}

/** Where a KRL may end: behind its header, and behind each section. */
function sectionEnds(whole: Bytes): ReadonlySet<number> {
  const view = new DataView(whole.buffer, whole.byteOffset);
  let end = header({ comment: 'whole' }).length;
  const ends = new Set([end]);
  while (end < whole.length) {
    end += 5 + view.getUint32(end + 1);
    ends.add(end);
  }
  return ends;
}

function outcomeOf(read: () => unknown): string {
  try {
    read();
    return 'read';
  } catch (error) {
    return error instanceof Error ? error.name : 'thrown';
  }
}
