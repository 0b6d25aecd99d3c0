/** Bytes made by people who mean harm: each is refused, with a reason, and nothing else happens. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assembleCertificate,
  decodeCertificate,
  decodeDraft,
  encodeCertificate,
  encodeDraft,
  MAX_CERTIFICATE_BYTES,
} from '../../src/ssh/certificate.ts';
import { formatCertificateLine, parseCertificateLine } from '../../src/ssh/certificate-line.ts';
import { verifyCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import type { SshErrorCode } from '../../src/ssh/error.ts';
import { SshError } from '../../src/ssh/error.ts';
import type { KeyType, PublicKey } from '../../src/ssh/public-key.ts';
import {
  decodePublicKey,
  encodePublicKey,
  formatPublicKeyLine,
  KEY_TYPES,
  parsePublicKeyLine,
} from '../../src/ssh/public-key.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { issue, loginFields } from '../support/certificates.ts';
import type { TestSigner } from '../support/keys.ts';
import { generateSigner } from '../support/keys.ts';
import {
  options,
  rawCertificate,
  rawDraft,
  rawDraftOf,
  strings,
  subjectFields,
} from '../support/raw-certificate.ts';

const SIGNERS = KEY_TYPES.map((type) => generateSigner(type));
const ca = signer('ssh-ed25519');
const ed25519 = signer('ssh-ed25519').publicKey;
const certificate = issue(ca, { subject: ed25519 });

function signer(type: KeyType): TestSigner {
  const found = SIGNERS.find(({ publicKey }) => publicKey.type === type);
  if (found === undefined) throw new Error(`no signer of type ${type}`);
  return found;
}

function refuses(code: SshErrorCode) {
  return expect.objectContaining({ name: 'SshError', code });
}

describe('a public key is refused', () => {
  const P256 = 'ecdsa-sha2-nistp256';
  const point = new Uint8Array(65).fill(7).fill(4, 0, 1);

  it.each<[string, Uint8Array, SshErrorCode]>([
    ['that is empty', new Uint8Array(), 'truncated'],
    ['that is longer than any key', new Uint8Array(2049), 'too-long'],
    ['of no type', strings(''), 'unknown-type'],
    ['of DSA', strings('ssh-dss', 'p', 'q', 'g', 'y'), 'unknown-type'],
    ['of a type named like a property of objects', strings('__proto__', 'x'), 'unknown-type'],
    ['of a type named like a method of objects', strings('toString', 'x'), 'unknown-type'],
    ['whose type is not UTF-8', strings(Uint8Array.of(0xff)), 'bad-utf8'],
    ['whose type has a NUL behind it', strings('ssh-ed25519\0', new Uint8Array(32)), 'unknown-type'],
    ['of Ed25519 with 31 bytes', strings('ssh-ed25519', new Uint8Array(31)), 'bad-key'],
    ['of Ed25519 with 33 bytes', strings('ssh-ed25519', new Uint8Array(33)), 'bad-key'],
    ['with bytes behind it (the spliced key)', concat(encodePublicKey(ed25519), 0), 'trailing-bytes'],
    ['of another curve than its type', strings(P256, 'nistp384', point), 'bad-key'],
    ['of a curve without a name', strings(P256, '', point), 'bad-key'],
    ['with a compressed point', strings(P256, 'nistp256', point.slice(0, 33).fill(2, 0, 1)), 'bad-key'],
    ['with a hybrid point', strings(P256, 'nistp256', point.slice().fill(6, 0, 1)), 'bad-key'],
    ['with the point at infinity', strings(P256, 'nistp256', Uint8Array.of(0)), 'bad-key'],
    ['with a point too short', strings(P256, 'nistp256', point.slice(0, 64)), 'bad-key'],
    ['with a point too long', strings(P256, 'nistp256', concat(point, 0)), 'bad-key'],
    [
      'of a security key without application',
      strings('sk-ssh-ed25519@openssh.com', new Uint8Array(32), ''),
      'bad-key',
    ],
    [
      'of a security key with NUL in its application',
      strings('sk-ssh-ed25519@openssh.com', new Uint8Array(32), 'ssh:\0x'),
      'bad-key',
    ],
    [
      'of a security key with an application of 256 characters',
      strings('sk-ssh-ed25519@openssh.com', new Uint8Array(32), `ssh:${'x'.repeat(252)}`),
      'bad-key',
    ],
    ['of RSA with 2048 bits', rsa(65537, 256), 'weak-key'],
    ['of RSA with 3071 bits', rsa(65537, 384, 0x7f), 'weak-key'],
    ['of RSA with 8193 bits', rsa(65537, 1025, 0x01), 'weak-key'],
    ['of RSA with an even modulus', rsa(65537, 384, 0xff, 0xfe), 'bad-key'],
    ['of RSA with exponent 1', rsa(1, 384), 'weak-key'],
    ['of RSA with exponent 0', rsa(0, 384), 'weak-key'],
    ['of RSA with an even exponent', rsa(65538, 384), 'weak-key'],
    [
      'of RSA with a huge exponent',
      new WireWriter()
        .string('ssh-rsa')
        .mpint(new Uint8Array(384).fill(3))
        .mpint(new Uint8Array(384).fill(0xff))
        .bytes(),
      'weak-key',
    ],
    [
      'of RSA with a negative modulus',
      strings('ssh-rsa', Uint8Array.of(3), new Uint8Array(384).fill(0xff)),
      'not-canonical',
    ],
    [
      'of RSA with a needless zero in front',
      strings('ssh-rsa', Uint8Array.of(0, 3), new Uint8Array(384).fill(3)),
      'not-canonical',
    ],
  ])('%s', (_, blob, code) => {
    expect(() => decodePublicKey(blob)).toThrow(refuses(code));
  });

  it('that announces more bytes than there are, up to 4 GiB', () => {
    const blob = new WireWriter().string('ssh-ed25519').uint32(0xffff_ffff).raw(new Uint8Array(32)).bytes();
    expect(() => decodePublicKey(blob)).toThrow(refuses('truncated'));
  });

  it.each(SIGNERS)('$publicKey.type when it is a certificate (nested: CVE-2025-49825)', ({ publicKey }) => {
    const nested = encodeCertificate(issue(ca, { subject: publicKey }));
    expect(() => decodePublicKey(nested)).toThrow(refuses('nested-certificate'));
  });

  it.each(SIGNERS)('$publicKey.type cut at any byte', ({ publicKey }) => {
    const blob = encodePublicKey(publicKey);
    for (let length = 0; length < blob.length; length++)
      expect(() => decodePublicKey(blob.subarray(0, length)), `${length} bytes`).toThrow(SshError);
  });

  it.each<[string, string, SshErrorCode]>([
    [
      'whose type is another than its key',
      `ssh-rsa ${formatPublicKeyLine(ed25519).split(' ')[1]}`,
      'bad-key',
    ],
    ['with options in front', `no-pty ${formatPublicKeyLine(ed25519)}`, 'bad-armor'],
    ['without a key', 'ssh-ed25519', 'truncated'],
    ['in URL-safe base64', formatPublicKeyLine(ed25519).replace(/AAAA/, '-_AA'), 'bad-armor'],
    ['without its padding', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI', 'bad-armor'],
  ])('as a line %s', (_, line, code) => {
    expect(() => parsePublicKeyLine(line)).toThrow(refuses(code));
  });
});

describe('a certificate is refused', () => {
  it.each<[string, Uint8Array, SshErrorCode]>([
    ['that is empty', new Uint8Array(), 'truncated'],
    ['that is longer than any certificate', new Uint8Array(MAX_CERTIFICATE_BYTES + 1), 'too-long'],
    ['that is a plain key', encodePublicKey(ed25519), 'unknown-type'],
    ['of DSA', rawCertificate(ca, { typeName: 'ssh-dss-cert-v01@openssh.com' }), 'unknown-type'],
    ['of version 00', rawCertificate(ca, { typeName: 'ssh-ed25519-cert-v00@openssh.com' }), 'unknown-type'],
    ['of a doubled type name', rawCertificate(ca, { typeName: twice('ssh-ed25519') }), 'unknown-type'],
    [
      'of a security key type with two suffixes',
      rawCertificate(ca, { typeName: twice('sk-ssh-ed25519') }),
      'unknown-type',
    ],
    ['of type 0', rawCertificate(ca, { type: 0 }), 'bad-certificate'],
    ['of type 3', rawCertificate(ca, { type: 3 }), 'bad-certificate'],
    [
      'with something in the reserved field',
      rawCertificate(ca, { reserved: strings('x') }),
      'bad-certificate',
    ],
    ['with a key id that is not UTF-8', rawCertificate(ca, { keyId: Uint8Array.of(0xc3, 0x28) }), 'bad-utf8'],
    [
      'with a key id in surrogates',
      rawCertificate(ca, { keyId: Uint8Array.of(0xed, 0xa0, 0x80) }),
      'bad-utf8',
    ],
    [
      'with a principal that is cut',
      rawCertificate(ca, { principals: Uint8Array.of(0, 0, 0, 9, 97) }),
      'truncated',
    ],
    [
      'with 257 principals',
      rawCertificate(ca, { principals: strings(...Array<string>(257).fill('a')) }),
      'too-long',
    ],
    [
      'with a critical option without data',
      rawCertificate(ca, { criticalOptions: strings('force-command') }),
      'truncated',
    ],
    [
      'with an extension that is cut',
      rawCertificate(ca, { extensions: options(['permit-pty', '']).slice(0, -1) }),
      'truncated',
    ],
    [
      'by a certificate (nested as CA)',
      rawCertificate(ca, { authority: encodeCertificate(certificate) }),
      'nested-certificate',
    ],
    ['by no key', rawCertificate(ca, { authority: new Uint8Array() }), 'truncated'],
    [
      'by a key with bytes behind it',
      rawCertificate(ca, { authority: concat(encodePublicKey(ed25519), 0) }),
      'trailing-bytes',
    ],
    ['by a weak RSA key', rawCertificate(ca, { authority: rsa(65537, 256) }), 'weak-key'],
    [
      'for a weak RSA key',
      rawCertificate(ca, { typeName: 'ssh-rsa-cert-v01@openssh.com', subject: rsa(65537, 256).slice(11) }),
      'weak-key',
    ],
    ['with bytes behind it', concat(encodeCertificate(certificate), 0), 'trailing-bytes'],
  ])('%s', (_, blob, code) => {
    expect(() => decodeCertificate(blob)).toThrow(refuses(code));
  });

  it('when its line names another type, holds two, or has no end', () => {
    const line = formatCertificateLine(certificate);
    const encoded = line.split(' ')[1];
    expect(() => parseCertificateLine(`ssh-rsa-cert-v01@openssh.com ${encoded}`)).toThrow(
      refuses('bad-certificate'),
    );
    expect(() => parseCertificateLine(`${line}\n${line}`)).toThrow(refuses('bad-certificate'));
    expect(() => parseCertificateLine(`${line} ${'x'.repeat(140_000)}`)).toThrow(refuses('too-long'));
    expect(parseCertificateLine(`${line} a b\n`).comment).toBe('a b');
  });

  it.each(SIGNERS)('for and by $publicKey.type, cut at any byte', (authority) => {
    const blob = encodeCertificate(issue(authority, { subject: authority.publicKey }));
    for (let length = 0; length < blob.length; length++)
      expect(() => decodeCertificate(blob.subarray(0, length)), `${length} bytes`).toThrow(SshError);
  });

  it.each(SIGNERS)('as a draft for and by $publicKey.type, cut at any byte', (authority) => {
    const draft = encodeDraft(loginFields({ subject: authority.publicKey, authority: authority.publicKey }));
    for (let length = 0; length < draft.length; length++)
      expect(() => decodeDraft(draft.subarray(0, length)), `${length} bytes`).toThrow(SshError);
  });
});

describe('the spliced key', () => {
  /** What a requester sends as a key when the encoder copies key blobs: the rest of a certificate of their own, up to a long "reserved". */
  const spliced = new WireWriter()
    .raw(subjectFields(ed25519))
    .uint64(7n)
    .uint32(1)
    .string('login:mallory:1')
    .string(strings('root'))
    .uint64(0n)
    .uint64(2n ** 64n - 1n)
    .string('')
    .string(options(['permit-pty', '']))
    .uint32(1000)
    .bytes();

  it('is not accepted as a key', () => {
    const blob = new WireWriter().string('ssh-ed25519').raw(spliced).bytes();
    expect(() => decodePublicKey(blob)).toThrow(refuses('trailing-bytes'));
  });

  it('does not yield a draft, wherever it came from', () => {
    const length = rawDraft(ca, { subject: new Uint8Array() }).length;
    for (let reserved = 0; reserved <= length; reserved++) {
      const subject = concat(spliced.slice(0, -4), 0, 0, reserved >> 8, reserved & 255);
      expect(() => decodeDraft(rawDraft(ca, { subject }))).toThrow(SshError);
      expect(() => decodeCertificate(rawCertificate(ca, { subject }))).toThrow(SshError);
    }
  });
});

describe('the signature of a certificate', () => {
  it.each(SIGNERS)('by $publicKey.type is good', (authority) => {
    expect(verifyCertificateSignature(issue(authority))).toBe(true);
  });

  it.each(SIGNERS)(
    'by $publicKey.type is not good for the same certificate by another key of its type',
    (authority) => {
      const impostor =
        authority.publicKey.type === 'ssh-rsa' ? rsaImpostor() : generateSigner(authority.publicKey.type);
      const blob = rawCertificate(
        { publicKey: authority.publicKey, sign: (message) => impostor.sign(message) },
        { authority: encodePublicKey(authority.publicKey) },
      );
      expect(verifyCertificateSignature(decodeCertificate(blob))).toBe(false);
    },
  );

  it('is not good when any bit of the certificate was changed', () => {
    const blob = encodeCertificate(certificate);
    for (let bit = 0; bit < 8 * blob.length; bit++) {
      const changed = blob.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isGood(changed), `bit ${bit}`).toBe(false);
    }
  });

  it('is not good, and no error, when it is empty or not one', () => {
    expect(verifyCertificateSignature({ ...certificate, signature: new Uint8Array() })).toBe(false);
    expect(verifyCertificateSignature({ ...certificate, signature: strings('ssh-ed25519') })).toBe(false);
    expect(verifyCertificateSignature({ ...certificate, signature: strings('none', '') })).toBe(false);
  });

  it('is not good by a point off the curve', () => {
    const bad: PublicKey = { type: 'ssh-ed25519', point: new Uint8Array(32).fill(2) };
    const blob = rawCertificate(ca, { authority: encodePublicKey(bad) });
    expect(verifyCertificateSignature(decodeCertificate(blob))).toBe(false);
  });
});

describe('whatever bytes come', () => {
  it('a public key that is read encodes to the same bytes', () => {
    fc.assert(
      fc.property(mutations(SIGNERS.map(({ publicKey }) => encodePublicKey(publicKey))), (blob) => {
        reencodes(blob, decodePublicKey, encodePublicKey);
      }),
      { numRuns: 3000 },
    );
  });

  it('a certificate that is read encodes to the same bytes', () => {
    const all = SIGNERS.map((authority) =>
      encodeCertificate(issue(authority, { subject: authority.publicKey })),
    );
    fc.assert(
      fc.property(mutations(all), (blob) => {
        reencodes(blob, decodeCertificate, ({ fields, signature }) =>
          assembleCertificate(rawDraftOf(fields), signature),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('a draft that is read encodes to the same bytes', () => {
    const all = SIGNERS.map(({ publicKey }) =>
      encodeDraft(loginFields({ subject: publicKey, authority: publicKey })),
    );
    fc.assert(
      fc.property(mutations(all), (blob) => {
        reencodes(blob, decodeDraft, encodeDraft);
      }),
      { numRuns: 3000 },
    );
  });
});

/** Good encodings with some bytes replaced, removed or added, and bytes of no meaning. */
function mutations(good: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    at: fc.nat(2000),
    remove: fc.nat(4),
    insert: fc.uint8Array({ maxLength: 4 }),
  });
  const changed = fc
    .tuple(fc.constantFrom(...good), fc.array(change, { maxLength: 3 }))
    .map(([bytes, changes]) =>
      changes.reduce((all, { at, remove, insert }) => {
        const start = at % (all.length + 1);
        return Uint8Array.of(...all.subarray(0, start), ...insert, ...all.subarray(start + remove));
      }, bytes),
    );
  return fc.oneof(
    { weight: 9, arbitrary: changed },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  );
}

/** Either refused with an SshError, or the same bytes again. Anything else (a TypeError, a RangeError) fails the test. */
function reencodes<T>(
  blob: Uint8Array,
  decode: (blob: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): void {
  let value: T;
  try {
    value = decode(blob);
  } catch (error) {
    expect(error).toBeInstanceOf(SshError);
    return;
  }
  expect(encode(value)).toEqual(blob);
}

function isGood(blob: Uint8Array): boolean {
  try {
    return verifyCertificateSignature(decodeCertificate(blob));
  } catch (error) {
    if (error instanceof SshError) return false;
    throw error;
  }
}

/** An RSA signer of the right size that never has the key: a hash is not a signature. */
function rsaImpostor(): Pick<TestSigner, 'sign'> {
  return {
    sign: (message) =>
      strings('rsa-sha2-512', concat(new Uint8Array(320), ...createHash('sha512').update(message).digest())),
  };
}

function rsa(exponent: number, bytes: number, first = 0xff, last = 0xff): Uint8Array {
  const modulus = new Uint8Array(bytes).fill(0xff).fill(first, 0, 1).fill(last, -1);
  const digits = new WireWriter().uint32(exponent).bytes();
  return new WireWriter().string('ssh-rsa').mpint(digits).mpint(modulus).bytes();
}

function twice(type: string): string {
  return `${type}@openssh.com-cert-v01@openssh.com`;
}

function concat(bytes: Uint8Array, ...more: readonly number[]): Uint8Array {
  return Uint8Array.of(...bytes, ...more);
}
