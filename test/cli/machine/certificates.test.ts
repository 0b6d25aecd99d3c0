import { describe, expect, it } from 'vitest';
import { faultOfCertificate, isGoodFor, reasonToRenew } from '../../../cli/machine/certificates.ts';
import { assembleCertificate, decodeCertificate } from '../../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { encodeKrl } from '../../../src/ssh/krl.ts';
import { decodeKrl } from '../../../src/ssh/krl-read.ts';
import type { PublicKey } from '../../../src/ssh/public-key.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import { plainSigner } from '../../fleet/statements.ts';
import { issue, NOW } from '../../support/certificates.ts';
import { generateKey } from '../../support/keys.ts';
import { rawDraft, strings, subjectFields } from '../../support/raw-certificate.ts';

const KEY = { path: '/etc/ssh/ssh_host_ed25519_key', key: generateKey('ssh-ed25519') };
const CA = plainSigner();
const OTHER_CA = plainSigner();
const DAY = 86_400;
const TERMS = { names: ['web1.example.org', 'web1'], hostCas: [CA.publicKey] };

function hostCertificate(changes: Partial<CertificateFields> = {}, ca = CA) {
  return issue(ca, {
    type: 'host',
    subject: KEY.key.publicKey,
    keyId: 'host:web1:AAAAAAAA',
    principals: ['web1', 'web1.example.org'],
    extensions: [],
    validAfter: BigInt(NOW),
    validBefore: BigInt(NOW + 30 * DAY),
    ...changes,
  });
}

/** Longer than our own encoder makes them. */
function lasting(seconds: number) {
  const draft = rawDraft(CA, {
    type: 2,
    subject: subjectFields(KEY.key.publicKey),
    principals: strings(...TERMS.names),
    extensions: new Uint8Array(),
    validAfter: BigInt(NOW),
    validBefore: BigInt(NOW + seconds),
  });
  return decodeCertificate(assembleCertificate(draft, CA.sign(draft)));
}

describe('certificates are renewed', () => {
  const placed = [hostCertificate()];
  const { names, hostCas } = TERMS;

  it('when half of their life is over, and not a second before', () => {
    expect(reasonToRenew(placed, { names, hostCas }, NOW + 15 * DAY - 1)).toBeUndefined();
    expect(reasonToRenew(placed, { names, hostCas }, NOW + 15 * DAY)).toContain('half');
    expect(reasonToRenew(placed, { names, hostCas }, NOW + 31 * DAY)).toContain('half');
  });

  it('when one is missing', () => {
    expect(reasonToRenew([...placed, undefined], { names, hostCas }, NOW)).toContain('missing');
  });

  it('when the names are others: one more, one less, another', () => {
    for (const others of [['web1'], [...names, 'www'], ['web1', 'www']])
      expect(reasonToRenew(placed, { names: others, hostCas }, NOW)).toContain('names');
  });
});

describe('a certificate by a key that is no CA for hosts', () => {
  /** It names the right key, and another one signed. */
  const claimed = issue({ ...OTHER_CA, publicKey: CA.publicKey }, hostCertificate().fields);

  it('is renewed at once, also when it only claims to be by one', () => {
    for (const certificate of [hostCertificate({}, OTHER_CA), claimed])
      expect(reasonToRenew([certificate], TERMS, NOW)).toContain('none of a CA for hosts');
  });

  it.each([
    ['another key signed', hostCertificate({}, OTHER_CA), 'signed by none'],
    ['only claims to be signed by the right key', claimed, 'signed by none'],
    ['is valid for too long', lasting(91 * DAY + 1), '91 days'],
    ['has a name too many', hostCertificate({ principals: ['web1', 'web1.example.org', 'web2'] }), 'names'],
    ['has a name too few', hostCertificate({ principals: ['web1'] }), 'names'],
  ])('is not shown when it %s', (_title, certificate, reason) => {
    expect(faultOfCertificate(certificate, TERMS)).toContain(reason);
  });

  it('is shown when it is by one, for 91 days and these names', () => {
    expect(faultOfCertificate(lasting(91 * DAY), TERMS)).toBeUndefined();
    expect(faultOfCertificate(hostCertificate(), { ...TERMS, hostCas: [] })).toContain('signed by none');
  });
});

describe('a certificate by a revoked CA key', () => {
  const listOf = (keys: readonly PublicKey[]) => {
    const frame = { number: 1n, generatedAt: BigInt(NOW), comment: '' };
    return decodeKrl(
      encodeKrl({ ...frame, certificates: [], keys: [], fingerprints: keys.map(fingerprint) }),
    );
  };

  it('is renewed at once, and no other', () => {
    const revoked = listOf([CA.publicKey]);
    expect(reasonToRenew([hostCertificate()], { ...TERMS, revoked }, NOW)).toContain('revoked');
    const other = listOf([plainSigner().publicKey]);
    expect(reasonToRenew([hostCertificate()], { ...TERMS, revoked: other }, NOW)).toBeUndefined();
  });
});

describe('a certificate that came', () => {
  it('is good for its key, now', () => {
    expect(isGoodFor(hostCertificate(), KEY, NOW)).toBe(true);
  });

  it.each([
    ['a person’s', { type: 'user', principals: ['alice'] }, NOW],
    ['for another key', { subject: generateKey('ssh-ed25519').publicKey }, NOW],
    ['not valid yet', {}, NOW - 1],
    ['over', {}, NOW + 30 * DAY],
  ] as const)('is not when it is %s', (_title, changes, now) => {
    expect(isGoodFor(hostCertificate(changes), KEY, now)).toBe(false);
  });
});
