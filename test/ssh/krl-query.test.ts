/** What is revoked and what is not; that OpenSSH judges the same stands in test/interop/ssh/krl.test.ts. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import type { Krl } from '../../src/ssh/krl.ts';
import { encodeKrl } from '../../src/ssh/krl.ts';
import { isCertificateRevoked, isKeyRevoked } from '../../src/ssh/krl-query.ts';
import type { DecodedKrl } from '../../src/ssh/krl-read.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey, fingerprint } from '../../src/ssh/public-key.ts';
import { SerialSet } from '../../src/ssh/serial-set.ts';
import { loginFields } from '../support/certificates.ts';
import { generateSigner } from '../support/keys.ts';

const ca = newKey();
const otherCa = newKey();
const subject = newKey();
const other = newKey();
const certificate = loginFields({ authority: ca, subject, serial: 42n, keyId: 'login:alice:AAAAAAAA' });

describe('a certificate is revoked', () => {
  it.each<[string, Partial<Krl>, Partial<CertificateFields>]>([
    ['by its serial', serials(ca, 42n), { serial: 43n }],
    ['by a serial of its CA only', serials(ca, 42n), { authority: otherCa }],
    ['by its serial, of whatever CA', serials('any', 42n), { serial: 43n }],
    ['by its key id', keyIds(ca, 'login:alice:AAAAAAAA'), { keyId: 'login:alice:AAAAAAAB' }],
    ['by a key id of its CA only', keyIds(ca, 'login:alice:AAAAAAAA'), { authority: otherCa }],
    ['by its key id, of whatever CA', keyIds('any', 'login:alice:AAAAAAAA'), { keyId: 'login:alice' }],
    ['by its key', { keys: [subject] }, { subject: other }],
    ['by the fingerprint of its key', { fingerprints: [fingerprint(subject)] }, { subject: other }],
    ['by its CA key', { keys: [ca] }, { authority: otherCa }],
    ['by the fingerprint of its CA key', { fingerprints: [fingerprint(ca)] }, { authority: otherCa }],
  ])('%s', (_, revoked, difference) => {
    const krl = krlOf(revoked);
    expect(isCertificateRevoked(krl, certificate)).toBe(true);
    expect(isCertificateRevoked(krl, { ...certificate, ...difference })).toBe(false);
  });

  it('by nothing in an empty KRL, and serial 0 never', () => {
    expect(isCertificateRevoked(krlOf({}), certificate)).toBe(false);
    const all = {
      authority: ca,
      serials: SerialSet.ofRuns([{ first: 1n, last: 2n ** 64n - 1n }]),
      keyIds: [],
    };
    expect(isCertificateRevoked(krlOf({ certificates: [all] }), { ...certificate, serial: 0n })).toBe(false);
  });
});

describe('a key is revoked', () => {
  it.each<[string, Partial<Krl>]>([
    ['itself', { keys: [subject, ca] }],
    ['by its fingerprint', { fingerprints: [fingerprint(subject), fingerprint(ca)] }],
  ])('%s', (_, revoked) => {
    expect(isKeyRevoked(krlOf(revoked), subject)).toBe(true);
    expect(isKeyRevoked(krlOf(revoked), other)).toBe(false);
  });

  it('not because certificates by it are', () => {
    expect(isKeyRevoked(krlOf(serials(ca, 42n)), ca)).toBe(false);
  });

  it('by the SHA-1 that another program has written', () => {
    const sha1Fingerprints = [createHash('sha1').update(encodePublicKey(subject)).digest()];
    expect(isKeyRevoked({ ...krlOf({}), sha1Fingerprints }, subject)).toBe(true);
    expect(isKeyRevoked({ ...krlOf({}), sha1Fingerprints }, other)).toBe(false);
  });
});

function newKey(): PublicKey {
  return generateSigner('ssh-ed25519').publicKey;
}

function krlOf(revoked: Partial<Krl>): DecodedKrl {
  const nothing = { number: 1n, generatedAt: 1n, comment: '', certificates: [], keys: [], fingerprints: [] };
  return decodeKrl(encodeKrl({ ...nothing, ...revoked }));
}

function serials(authority: PublicKey | 'any', ...all: readonly bigint[]): Partial<Krl> {
  return { certificates: [{ authority, serials: SerialSet.of(all), keyIds: [] }] };
}

function keyIds(authority: PublicKey | 'any', ...all: readonly string[]): Partial<Krl> {
  return { certificates: [{ authority, serials: SerialSet.of([]), keyIds: all }] };
}
