/** The host certificates that are in place, and whether they need renewal. */
import type { Certificate } from '../../src/ssh/certificate.ts';
import { formatCertificateLine, parseCertificateLine } from '../../src/ssh/certificate-line.ts';
import { verifyCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import { SshError } from '../../src/ssh/error.ts';
import { isCertificateRevoked } from '../../src/ssh/krl-query.ts';
import type { DecodedKrl } from '../../src/ssh/krl-read.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';
import { readPlainText } from './files.ts';
import type { HostKey } from './host-keys.ts';
import { certificatePath } from './host-keys.ts';
import type { Machine } from './machine.ts';

/** The certificate in place of each key, in their order; undefined where there is none of this key. */
export async function placedCertificates({
  files,
  settings,
  keys,
}: Machine): Promise<readonly (Certificate | undefined)[]> {
  return Promise.all(
    keys.map(async (key) => {
      const text = await readPlainText(files, certificatePath(settings.directory, key.path));
      const certificate = text === undefined ? undefined : readCertificate(text);
      return certificate !== undefined && isFor(certificate, key) ? certificate : undefined;
    }),
  );
}

/** What the bundle says of them. */
export interface WantedCertificates {
  readonly names: readonly string[];
  /** The keys that may sign them. */
  readonly hostCas: readonly PublicKey[];
  readonly revoked?: DecodedKrl;
}

/** The authority gives them for 30 days. */
const MAX_SECONDS = 91n * 86_400n;

/** Why it is time for new ones; undefined: it is not. */
export function reasonToRenew(
  placed: readonly (Certificate | undefined)[],
  { names, hostCas, revoked }: WantedCertificates,
  now: number,
): string | undefined {
  for (const certificate of placed) {
    if (certificate === undefined) return 'a certificate is missing';
    const { validAfter, validBefore, principals } = certificate.fields;
    if (BigInt(now) >= (validAfter + validBefore) / 2n) return 'less than half of their time is left';
    if (!isByOneOf(certificate, hostCas)) return 'the key that signed them is none of a CA for hosts';
    if (!sameNames(principals, names)) return 'the names of this host have changed';
    // The list names revoked CA keys of every purpose: nobody believes what one of them signed.
    if (revoked !== undefined && isCertificateRevoked(revoked, certificate.fields))
      return 'the key that signed them was revoked';
  }
  return undefined;
}

/** Whether sshd would show it as this key's, and people believe it. */
export function isGoodFor(certificate: Certificate, key: HostKey, now: number): boolean {
  const { type, principals, validAfter, validBefore } = certificate.fields;
  const isLive = validAfter <= BigInt(now) && BigInt(now) < validBefore;
  return type === 'host' && isFor(certificate, key) && principals.length > 0 && isLive;
}

/**
 * Nothing signs the reply that brings them, and the names of a host are worth a theft: only the signed bundle says who may sign what.
 * @returns why it is not to be shown; undefined: it may.
 */
export function faultOfCertificate(
  certificate: Certificate,
  { names, hostCas }: Pick<WantedCertificates, 'names' | 'hostCas'>,
): string | undefined {
  const { principals, validAfter, validBefore } = certificate.fields;
  if (!isByOneOf(certificate, hostCas)) return 'is signed by none of the CA keys for hosts';
  if (validBefore - validAfter > MAX_SECONDS) return 'is valid for more than 91 days';
  if (principals.length === 0) return 'is good for every name';
  if (!sameNames(principals, names)) return 'has other names than this host';
  return undefined;
}

export function certificateText(certificate: Certificate): string {
  return `${formatCertificateLine(certificate)}\n`;
}

function isFor({ fields }: Certificate, { key }: HostKey): boolean {
  return samePublicKey(fields.subject, key.publicKey);
}

function isByOneOf(certificate: Certificate, hostCas: readonly PublicKey[]): boolean {
  const { authority } = certificate.fields;
  return hostCas.some((key) => samePublicKey(key, authority)) && verifyCertificateSignature(certificate);
}

function readCertificate(text: string): Certificate | undefined {
  try {
    return parseCertificateLine(text).certificate;
  } catch (error) {
    if (error instanceof SshError) return undefined;
    throw error;
  }
}

export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  const wanted = new Set(b);
  return new Set(a).size === wanted.size && a.every((name) => wanted.has(name));
}
