/** What a host sends for host certificates: a secret, then a document that every key to be certified signs. */
import { keyIdentity } from '../../ssh/key-identity.ts';
import type { PublicKey } from '../../ssh/public-key.ts';
import { formatPublicKeyLine, samePublicKey } from '../../ssh/public-key.ts';
import { FleetError } from '../error.ts';
import {
  assertOneSpelling,
  badDocument,
  checkAuthority,
  checkCount,
  checkHash,
  checkHost,
  checkTime,
  formatDocument,
  parseKey,
  parseWhole,
  readDocument,
} from './document.ts';
import { checkSecret, secretHash } from './secret.ts';
import { MAX_HOST_KEYS, openSigned } from './signed-document.ts';

export interface CertificatesDocument {
  readonly authority: string;
  readonly host: string;
  /** 0: it enrols, and its secret is a token. */
  readonly generation: number;
  /** SHA-256 in hex of the secret that goes along. */
  readonly secretHash: string;
  /** The same of the secret that the next renewal will show. */
  readonly nextHash: string;
  /** Unix seconds. */
  readonly time: number;
  readonly keys: readonly PublicKey[];
}

export interface CertificatesRequest extends CertificatesDocument {
  readonly secret: string;
  /** The document with its signatures, as it came; it stands in the log. */
  readonly signed: string;
}

const FIRST_LINE = 'usher host certificates v1';
/** With all signatures; a leaf of the log holds it beside a certificate. */
export const MAX_SIGNED_CERTIFICATES_CHARACTERS = 24_000;
const SECRET_LINE = /^secret ([^\n]*)\n/;

/** The text to sign. @throws FleetError `bad-document` */
export function formatCertificatesDocument(document: CertificatesDocument): string {
  checkCount(document.keys, 'key', 1, MAX_HOST_KEYS);
  if (new Set(document.keys.map(keyIdentity)).size !== document.keys.length)
    throw badDocument('it names a key twice');
  if (document.secretHash === document.nextHash) throw badDocument('the coming secret is a new one');
  return formatDocument(FIRST_LINE, [
    ['authority', checkAuthority(document.authority)],
    ['host', checkHost(document.host)],
    ['generation', String(document.generation)],
    ['secret-sha256', checkHash(document.secretHash)],
    ['next-sha256', checkHash(document.nextHash)],
    ['time', String(checkTime(document.time))],
    ...document.keys.map((key) => ['key', formatPublicKeyLine(key)] as const),
  ]);
}

/** The body to send; the secret itself is not signed, so that the document can stand in the log. @throws FleetError `bad-document` */
export function formatCertificatesBody(secret: string, signed: string): string {
  return `secret ${checkSecret(secret)}\n${signed}`;
}

/** Every key has signed, and none else. @throws FleetError `bad-document`, `bad-signature` */
export function openCertificatesBody(body: string): CertificatesRequest {
  const secretLine = SECRET_LINE.exec(body);
  if (secretLine === null) throw badDocument('its first line is no secret');
  const secret = checkSecret(secretLine[1] ?? '');
  const signed = body.slice(secretLine[0].length);
  const document = openCertificatesDocument(signed);
  if (secretHash(secret) !== document.secretHash) throw badDocument('the secret is not the one it names');
  return { ...document, secret, signed };
}

/** The same without the secret, as it stands in the log. @throws FleetError `bad-document`, `bad-signature` */
export function openCertificatesDocument(signed: string): CertificatesDocument {
  if (signed.length > MAX_SIGNED_CERTIFICATES_CHARACTERS)
    throw badDocument(`it has more than ${MAX_SIGNED_CERTIFICATES_CHARACTERS} characters`);
  const { text, signers } = openSigned(signed);
  const document = parseDocument(text);
  assertSignedByAll(document.keys, signers);
  return document;
}

function parseDocument(text: string): CertificatesDocument {
  const fields = readDocument(text, FIRST_LINE, MAX_SIGNED_CERTIFICATES_CHARACTERS);
  const lines = fields.all('key');
  checkCount(lines, 'key', 1, MAX_HOST_KEYS);
  const document: CertificatesDocument = {
    authority: fields.one('authority'),
    host: fields.one('host'),
    generation: parseWhole(fields.one('generation')),
    secretHash: fields.one('secret-sha256'),
    nextHash: fields.one('next-sha256'),
    time: parseWhole(fields.one('time')),
    keys: lines.map(parseKey),
  };
  assertOneSpelling(text, formatCertificatesDocument(document));
  return document;
}

function assertSignedByAll(keys: readonly PublicKey[], signers: readonly PublicKey[]): void {
  const matches = keys.every((key, index) => {
    const signer = signers[index];
    return signer !== undefined && samePublicKey(key, signer);
  });
  if (!matches || signers.length !== keys.length)
    throw new FleetError('bad-signature', 'the document is not signed by each of its keys, in their order');
}
