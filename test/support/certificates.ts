/** Certificates for tests: good ones with any field changed, and bad ones that our own encoder refuses to make. */
import { randomBytes } from 'node:crypto';
import type { Certificate } from '../../src/ssh/certificate.ts';
import {
  assembleCertificate,
  decodeCertificate,
  encodeDraft,
  flagOption,
} from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import type { TestSigner } from './keys.ts';
import { generateKey } from './keys.ts';

/** Unix time; tests of values do not look at the clock. */
export const NOW = 1_800_000_000;

/** Fields of a login certificate as we issue it, for one hour from `NOW`, with the changes that a test wants. */
export function loginFields(changes: Partial<CertificateFields> = {}): CertificateFields {
  return {
    nonce: Uint8Array.from(randomBytes(32)),
    subject: generateKey('ssh-ed25519').publicKey,
    serial: 42n,
    type: 'user',
    keyId: 'login:alice:AAAAAAAA',
    principals: ['alice@web1'],
    validAfter: BigInt(NOW - 300),
    validBefore: BigInt(NOW + 3600),
    criticalOptions: [],
    extensions: [flagOption('permit-agent-forwarding'), flagOption('permit-pty')],
    authority: generateKey('ssh-ed25519').publicKey,
    ...changes,
  };
}

/** A certificate by `authority`, by our own rules. */
export function issue(authority: TestSigner, changes: Partial<CertificateFields> = {}): Certificate {
  const draft = encodeDraft(loginFields({ ...changes, authority: authority.publicKey }));
  return decodeCertificate(assembleCertificate(draft, authority.sign(draft)));
}

/** Validity around the present, for programs that look at the clock. */
export function validNow(seconds = 3600): Pick<CertificateFields, 'validAfter' | 'validBefore'> {
  const now = BigInt(Math.floor(Date.now() / 1000));
  return { validAfter: now - 300n, validBefore: now + BigInt(seconds) };
}
