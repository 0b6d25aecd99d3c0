import { describe, expect, it } from 'vitest';
import { isGoodFor, reasonToRenew } from '../../../cli/machine/certificates.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { encodeKrl } from '../../../src/ssh/krl.ts';
import { decodeKrl } from '../../../src/ssh/krl-read.ts';
import type { PublicKey } from '../../../src/ssh/public-key.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import { plainSigner } from '../../fleet/statements.ts';
import { issue, NOW } from '../../support/certificates.ts';
import { generateKey } from '../../support/keys.ts';

const KEY = { path: '/etc/ssh/ssh_host_ed25519_key', key: generateKey('ssh-ed25519') };
const CA = plainSigner();
const DAY = 86_400;

function hostCertificate(changes: Partial<CertificateFields> = {}) {
  return issue(CA, {
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

describe('certificates are renewed', () => {
  const placed = [hostCertificate()];
  const names = ['web1.example.org', 'web1'];

  it('when half of their life is over, and not a second before', () => {
    expect(reasonToRenew(placed, { names }, NOW + 15 * DAY - 1)).toBeUndefined();
    expect(reasonToRenew(placed, { names }, NOW + 15 * DAY)).toContain('half');
    expect(reasonToRenew(placed, { names }, NOW + 31 * DAY)).toContain('half');
  });

  it('when one is missing', () => {
    expect(reasonToRenew([...placed, undefined], { names }, NOW)).toContain('missing');
  });

  it('when the names are others: one more, one less, another', () => {
    for (const others of [['web1'], [...names, 'www'], ['web1', 'www']])
      expect(reasonToRenew(placed, { names: others }, NOW)).toContain('names');
    expect(reasonToRenew(placed, {}, NOW)).toBeUndefined();
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
    expect(reasonToRenew([hostCertificate()], { revoked }, NOW)).toContain('revoked');
    const other = listOf([plainSigner().publicKey]);
    expect(reasonToRenew([hostCertificate()], { revoked: other }, NOW)).toBeUndefined();
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
