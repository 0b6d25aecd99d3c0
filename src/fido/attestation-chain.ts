/**
 * Whether an attestation certificate leads to one of a policy's roots. Ours, because @simplewebauthn/server keeps its roots
 * in a setting of the whole process (two roles with different roots would race), reads the clock by itself, and fetches
 * the revocation lists that a certificate names: an address in a request is never fetched. Revocation of a maker's
 * certificate is therefore made by taking its root or its AAGUID out of the roster.
 */
import { X509Certificate } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';
import { hex } from '@scure/base';
import { FidoError } from './error.ts';

const MAX_CHAIN = 4;

/**
 * @param x5c DER, the attestation certificate first
 * @param roots PEM, one certificate each: a root, an intermediate, or the attestation certificate itself
 * @param now Unix seconds
 * @returns the fingerprint of the root that vouches
 * @throws FidoError('attestation-untrusted' | 'malformed'); TypeError when a root can not be read
 */
export function verifyAttestationChain(
  x5c: readonly Uint8Array[],
  roots: readonly string[],
  now: number,
): string {
  if (x5c.length === 0 || x5c.length > MAX_CHAIN)
    throw new FidoError('attestation-untrusted', `an attestation has 1 to ${MAX_CHAIN} certificates`);
  const anchors = roots.map(readRoot).filter((root) => isValidAt(root, now));
  const chain = x5c.map(readCertificate);
  for (const [index, certificate] of chain.entries()) {
    if (!isValidAt(certificate, now)) break;
    const anchor = anchors.find((each) => isAnchoredBy(certificate, each));
    if (anchor !== undefined) return fingerprintOf(anchor);
    const issuer = chain[index + 1];
    if (issuer === undefined || !isIssuedBy(certificate, issuer)) break;
  }
  throw new FidoError('attestation-untrusted', 'the attestation does not lead to a root of the policy');
}

/** SHA-256 of the certificate's DER, in hex. @param root PEM. @throws TypeError when it can not be read */
export function rootFingerprint(root: string): string {
  return fingerprintOf(readRoot(root));
}

function fingerprintOf(root: X509Certificate): string {
  return hex.encode(sha256(root.raw));
}

function isAnchoredBy(certificate: X509Certificate, anchor: X509Certificate): boolean {
  return certificate.raw.equals(anchor.raw) || isIssuedBy(certificate, anchor);
}

/** `ca` is the basic constraint: without it every holder of an attestation certificate could make more of them. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isValidAt(certificate: X509Certificate, now: number): boolean {
  const time = now * 1000;
  return certificate.validFromDate.getTime() <= time && time <= certificate.validToDate.getTime();
}

function readCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new FidoError('malformed', 'an attestation certificate can not be read', { cause });
  }
}

function readRoot(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new TypeError('a root certificate of the policy is not PEM', { cause });
  }
}
