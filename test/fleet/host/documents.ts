/** Documents of a host for tests, and keys that sign them. */
import type { CertificatesDocument } from '../../../src/fleet/host/certificates-document.ts';
import { formatCertificatesDocument } from '../../../src/fleet/host/certificates-document.ts';
import type { HostCall } from '../../../src/fleet/host/host-call.ts';
import type { HostReportDocument } from '../../../src/fleet/host/report-document.ts';
import { secretHash } from '../../../src/fleet/host/secret.ts';
import { HOST_NAMESPACE, joinSigned } from '../../../src/fleet/host/signed-document.ts';
import type { PrivateKey } from '../../../src/ssh/private-key.ts';
import { signSshsig } from '../../../src/ssh/sshsig.ts';
import { generateKey } from '../../support/keys.ts';

export const ED = generateKey('ssh-ed25519');
export const EC = generateKey('ecdsa-sha2-nistp256');
export const SECRET = `${'A'.repeat(42)}0`;
export const NEXT = `${'B'.repeat(42)}0`;

export const CERTIFICATES: CertificatesDocument = {
  authority: 'https://ca.example.org',
  host: 'web1',
  generation: 3,
  secretHash: secretHash(SECRET),
  nextHash: secretHash(NEXT),
  time: 1_800_000_000,
  keys: [ED.publicKey, EC.publicKey],
};

export const FETCH: HostCall = {
  authority: 'https://ca.example.org',
  host: 'web1',
  time: 1_800_000_000,
  nonce: '0123456789abcdef'.repeat(2),
};

export const REPORT: HostReportDocument = {
  ...FETCH,
  number: 1_799_999_000,
  filesHash: 'ab'.repeat(32),
  openssh: 'OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.4',
  pamUssh: 'none',
  trusts: [{ purpose: 'login', key: `SHA256:${'a'.repeat(43)}` }],
  shows: [123_456_789_012_345_678n],
  seen: [
    { purpose: 'login', serial: 0n },
    { purpose: 'sudo', serial: 0xffff_ffff_ffff_ffffn },
  ],
  problems: ['the journal can not be read'],
};

export function signedBy(text: string, keys: readonly PrivateKey[], namespace = HOST_NAMESPACE): string {
  const message = new TextEncoder().encode(text);
  return joinSigned(
    text,
    keys.map((key) => signSshsig(key, namespace, message)),
  );
}

export function signedCertificates(
  changes: Partial<CertificatesDocument> = {},
  keys: readonly PrivateKey[] = [ED, EC],
): string {
  return signedBy(formatCertificatesDocument({ ...CERTIFICATES, ...changes }), keys);
}
