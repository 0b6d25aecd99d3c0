/** A certificate authority as makers of security keys have it: a root, and attestation certificates for their models. */

import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, sign } from 'node:crypto';
import * as der from './der.ts';

export interface IssuedCertificate {
  readonly der: Uint8Array;
  readonly pem: string;
  readonly subject: der.Der;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  readonly name?: string;
  /** Unix seconds. */
  readonly from?: number;
  readonly until?: number;
  readonly isAuthority?: boolean;
  /** Model that the certificate is for, as in the extension id-fido-gen-ce-aaguid. */
  readonly aaguid?: Uint8Array;
  readonly organizationalUnit?: string;
  /** Without one, the certificate signs itself. */
  readonly issuer?: IssuedCertificate;
}

const ECDSA_WITH_SHA256 = der.derSequence(der.derOid('1.2.840.10045.4.3.2'));
const YEAR = 365 * 86_400;

export function issueCertificate(options: CertificateOptions = {}): IssuedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = distinguishedName(options.name ?? 'Test Attestation Root', unitOf(options));
  const tbs = toBeSigned(options, subject, new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
  const signature = sign('sha256', tbs, options.issuer?.privateKey ?? privateKey);
  const certificate = der.derSequence(tbs, ECDSA_WITH_SHA256, der.derBits(signature));
  return { der: certificate, pem: pemOf(certificate), subject, privateKey };
}

function toBeSigned(options: CertificateOptions, subject: der.Der, publicKey: Uint8Array): der.Der {
  const now = Math.floor(Date.now() / 1000);
  return der.derSequence(
    der.derTagged(0, der.derInteger(2)),
    der.derInteger(1),
    ECDSA_WITH_SHA256,
    options.issuer?.subject ?? subject,
    der.derSequence(der.derTime(options.from ?? now - YEAR), der.derTime(options.until ?? now + YEAR)),
    subject,
    publicKey,
    der.derTagged(3, extensions(options)),
  );
}

/** The packed format asks for this organizational unit (WebAuthn, section 8.2.1). */
function unitOf({ organizationalUnit, isAuthority = true }: CertificateOptions): string {
  return organizationalUnit ?? (isAuthority ? 'Test Roots' : 'Authenticator Attestation');
}

function distinguishedName(commonName: string, unit: string): der.Der {
  const entry = (oid: string, text: string) =>
    der.derSet(der.derSequence(der.derOid(oid), der.derText(text)));
  return der.derSequence(
    entry('2.5.4.6', 'SE'),
    entry('2.5.4.10', 'Usher Tests'),
    entry('2.5.4.11', unit),
    entry('2.5.4.3', commonName),
  );
}

function extensions({ isAuthority = true, aaguid }: CertificateOptions): der.Der {
  const constraints = isAuthority ? der.derSequence(der.derBoolean(true)) : der.derSequence();
  const list = [der.derSequence(der.derOid('2.5.29.19'), der.derBoolean(true), der.derOctets(constraints))];
  if (aaguid !== undefined)
    list.push(der.derSequence(der.derOid('1.3.6.1.4.1.45724.1.1.4'), der.derOctets(der.derOctets(aaguid))));
  return der.derSequence(...list);
}

function pemOf(certificate: Uint8Array): string {
  const lines =
    Buffer.from(certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
