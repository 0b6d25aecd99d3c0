import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { rootFingerprint, verifyAttestationChain } from '../../src/fido/attestation-chain.ts';
import type { IssuedCertificate } from '../support/attestation-ca.ts';
import { issueCertificate } from '../support/attestation-ca.ts';
import { codeOf } from '../support/code-of.ts';
import { DAY, modelCertificate, NOW, OTHER_ROOT, ROOT } from './registration-scene.ts';

const INTERMEDIATE = issueCertificate({ name: 'Maker CA', issuer: ROOT });
const LEAF = modelCertificate(ROOT);
const DEEP_LEAF = modelCertificate(INTERMEDIATE);

function code(x5c: readonly IssuedCertificate[], roots: readonly IssuedCertificate[], now = NOW): unknown {
  return codeOf(() =>
    verifyAttestationChain(
      x5c.map((certificate) => certificate.der),
      roots.map((root) => root.pem),
      now,
    ),
  );
}

/** What is remembered of a chain: which root it leads to. */
const acceptedBy = ({ pem }: IssuedCertificate) => ({ accepted: rootFingerprint(pem) });

describe('a chain is refused', () => {
  test('that is empty or has five certificates', () => {
    expect(code([], [ROOT])).toBe('attestation-untrusted');
    expect(code([LEAF, LEAF, LEAF, LEAF, LEAF], [ROOT])).toBe('attestation-untrusted');
  });

  test('that leads elsewhere', () => {
    expect(code([LEAF], [OTHER_ROOT])).toBe('attestation-untrusted');
    expect(code([LEAF], [])).toBe('attestation-untrusted');
    expect(code([DEEP_LEAF], [ROOT])).toBe('attestation-untrusted');
    expect(code([DEEP_LEAF, OTHER_ROOT], [ROOT])).toBe('attestation-untrusted');
  });

  test('whose root has the name of ours, but another key', () => {
    const impostor = issueCertificate({ name: 'Maker Root' });
    expect(code([modelCertificate(impostor)], [ROOT])).toBe('attestation-untrusted');
    expect(code([modelCertificate(impostor), impostor], [ROOT])).toBe('attestation-untrusted');
  });

  test('that names another issuer than the one whose key signed it', () => {
    const misnamed = modelCertificate({ ...ROOT, subject: OTHER_ROOT.subject });
    expect(code([misnamed], [ROOT])).toBe('attestation-untrusted');
  });

  test('whose trusted certificate did not issue the one before it', () => {
    const stranger = modelCertificate(OTHER_ROOT);
    expect(code([stranger, ROOT], [ROOT])).toBe('attestation-untrusted');
    expect(code([stranger, LEAF], [ROOT])).toBe('attestation-untrusted');
  });

  test('in which a certificate that is no authority issued another', () => {
    const forged = modelCertificate(LEAF);
    expect(code([forged, LEAF], [ROOT])).toBe('attestation-untrusted');
    expect(code([forged], [LEAF])).toBe('attestation-untrusted');
  });

  test('in which one certificate has ended or not begun', () => {
    const ended = modelCertificate(ROOT, { until: NOW - DAY });
    const early = modelCertificate(ROOT, { from: NOW + DAY });
    expect(code([ended], [ROOT])).toBe('attestation-untrusted');
    expect(code([early], [ROOT])).toBe('attestation-untrusted');
    expect(code([LEAF], [ROOT], NOW + 400 * DAY)).toBe('attestation-untrusted');
    const oldRoot = issueCertificate({ name: 'Old Root', until: NOW - DAY });
    expect(code([modelCertificate(oldRoot)], [oldRoot])).toBe('attestation-untrusted');
  });

  test('of what is no certificate', () => {
    expect(codeOf(() => verifyAttestationChain([Uint8Array.of(1)], [ROOT.pem], NOW))).toBe('malformed');
  });

  test('and a policy whose root is no certificate is a mistake of its writer', () => {
    expect(() => verifyAttestationChain([LEAF.der], ['nonsense'], NOW)).toThrow(TypeError);
  });
});

describe('a chain is accepted', () => {
  test('by a root, directly or through an intermediate, with or without the root itself', () => {
    expect(code([LEAF], [ROOT])).toEqual(acceptedBy(ROOT));
    expect(code([LEAF, ROOT], [OTHER_ROOT, ROOT])).toEqual(acceptedBy(ROOT));
    expect(code([DEEP_LEAF, INTERMEDIATE], [ROOT])).toEqual(acceptedBy(ROOT));
    expect(code([DEEP_LEAF, INTERMEDIATE, ROOT], [ROOT])).toEqual(acceptedBy(ROOT));
  });

  test('by an intermediate in place of its root, which keys made by ssh-keygen need', () => {
    expect(code([DEEP_LEAF], [INTERMEDIATE])).toEqual(acceptedBy(INTERMEDIATE));
  });

  test('by the attestation certificate itself', () => {
    expect(code([LEAF], [LEAF])).toEqual(acceptedBy(LEAF));
  });
});

test('a root is remembered by the SHA-256 of its DER, however its PEM is written', () => {
  const digest = createHash('sha256').update(ROOT.der).digest('hex');
  expect(rootFingerprint(ROOT.pem)).toBe(digest);
  expect(rootFingerprint(`\n${ROOT.pem.trim()}\n\n`)).toBe(digest);
});
