import { describe, expect, it } from 'vitest';
import { faultOfHostCertificate } from '../../cli/hosts/host-certificate.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { encodeKrl } from '../../src/ssh/krl.ts';
import type { DecodedKrl } from '../../src/ssh/krl-read.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { issue, NOW } from '../support/certificates.ts';
import { generateSigner } from '../support/keys.ts';

const [CA, OTHER] = [generateSigner('ssh-ed25519'), generateSigner('ssh-ed25519')];
const WEB1 = { name: 'web1', names: ['web1.example.org', '192.0.2.7'] };
const GOOD = { type: 'host', principals: WEB1.names, extensions: [], criticalOptions: [] } as const;

function krl(...keys: readonly PublicKey[]): DecodedKrl {
  const nothing = { certificates: [], fingerprints: [], comment: '' };
  return decodeKrl(encodeKrl({ ...nothing, number: 1n, generatedAt: 0n, keys }));
}

interface Trust {
  readonly caKeys: readonly PublicKey[];
  readonly revokedCaKeys: readonly PublicKey[];
  readonly krl: DecodedKrl;
}

const TRUST: Trust = { caKeys: [CA.publicKey], revokedCaKeys: [], krl: krl() };

function certificate(changes: Partial<CertificateFields> = {}): Certificate {
  return issue(CA, { ...GOOD, ...changes });
}

describe('a certificate that a host shows', () => {
  const tampered = certificate();

  it.each<[string, Certificate, Partial<Trust>, RegExp]>([
    ['for a person', certificate({ type: 'user' }), {}, /is for a person/],
    ['by another CA key', issue(OTHER, GOOD), {}, /is signed by another CA key: SHA256:/],
    [
      'by a revoked CA key',
      certificate(),
      { caKeys: [], revokedCaKeys: [CA.publicKey] },
      /CA key that is revoked/,
    ],
    ['with another signature', { ...tampered, signature: issue(OTHER, GOOD).signature }, {}, /not right/],
    [
      'for another host',
      certificate({ principals: ['web2.example.org'] }),
      {},
      /is for web2\.example\.org, not for/,
    ],
    ['that is over', certificate({ validBefore: BigInt(NOW) }), {}, /is not valid now/],
    ['of the future', certificate({ validAfter: BigInt(NOW + 1) }), {}, /is not valid now/],
    [
      'for a revoked key',
      certificate({ subject: OTHER.publicKey }),
      { krl: krl(OTHER.publicKey) },
      /is revoked/,
    ],
  ])('%s is told from a good one', (_what, shown, trust, fault) => {
    expect(faultOfHostCertificate(shown, WEB1, { ...TRUST, ...trust }, NOW)).toMatch(fault);
  });

  it('has no fault when ssh takes it', () => {
    expect(faultOfHostCertificate(certificate(), WEB1, TRUST, NOW)).toBeUndefined();
  });
});
