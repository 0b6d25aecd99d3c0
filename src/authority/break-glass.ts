/**
 * Certificates for emergencies, which an offline CA key signs while the authority is out of reach. What they look like is said
 * here once, for the command that signs them and for the import that enters them into the log.
 */
import { equalBytes } from '../fido/equal-bytes.ts';
import type { Grammar } from '../policy/names.ts';
import { HOST, isReservedHost, isReservedLogin, LOGIN, PERSON } from '../policy/names.ts';
import type { Certificate } from '../ssh/certificate.ts';
import { encodeDraft, flagOption, valueOption } from '../ssh/certificate.ts';
import type { CertificateFields } from '../ssh/certificate-fields.ts';
import { verifyCertificateSignature } from '../ssh/certificate-signature.ts';
import { formatDuration } from '../ssh/duration.ts';
import { SshError } from '../ssh/error.ts';
import { printable } from '../ssh/printable.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { samePublicKey } from '../ssh/public-key.ts';
import { isReason } from '../ssh/reason.ts';
import { BreakGlassError } from './break-glass-error.ts';
import { serialRange } from './break-glass-serials.ts';

export const BREAK_GLASS_PURPOSES = ['login', 'sudo'] as const;

export type BreakGlassPurpose = (typeof BREAK_GLASS_PURPOSES)[number];

/** In seconds. */
export const MAX_LIFETIME = 3600;

/** Who gets it, for what, and until when. */
export interface BreakGlass {
  readonly purpose: BreakGlassPurpose;
  readonly person: string;
  readonly login: string;
  readonly host: string;
  /** 16 random bytes in base64url; the certificates of one run share it. */
  readonly id: string;
  /** Unix seconds. */
  readonly signedAt: number;
  /** Seconds. */
  readonly lifetime: number;
}

export interface BreakGlassKeys {
  readonly subject: PublicKey;
  /** The offline key. */
  readonly authority: PublicKey;
  readonly serial: bigint;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
}

/** Clocks of hosts may be behind. */
const REACHES_BACK_SECONDS = 300;
const SUDOER_AT = 'sudoer@';
const KEY_ID = /^break-glass:([^:]+):([A-Za-z0-9_-]{22})$/;

/**
 * Hosts trust an offline key for logins and for sudo, so sshd would take a sudo certificate, too, wherever the bare login is a
 * principal. From this address, which is kept for documentation, nobody ever comes: sshd refuses the certificate, while
 * pam-ussh ignores the option.
 */
const NOWHERE = '192.0.2.0/32';

/** @throws BreakGlassError `bad-request` for a name or a lifetime that it may not have. */
export function assertBreakGlass({ person, login, host, lifetime }: BreakGlass): void {
  assertName(person, PERSON, false);
  assertName(login, LOGIN, isReservedLogin(login));
  assertName(host, HOST, isReservedHost(host));
  if (!Number.isSafeInteger(lifetime) || lifetime < 1 || lifetime > MAX_LIFETIME)
    throw badRequest(`the longest lifetime for this is ${formatDuration(MAX_LIFETIME)}`);
}

/** @throws BreakGlassError `bad-request` unless somebody said why. */
export function assertReason(reason: string): void {
  if (reason === '' || !isReason(reason))
    throw badRequest('a reason is 1 to 200 printable ASCII characters, no blank at either end');
}

/** The bytes for the offline key to sign. @throws BreakGlassError, SshError */
export function draftBreakGlass(what: BreakGlass, keys: BreakGlassKeys): Uint8Array {
  assertBreakGlass(what);
  // pam-ussh makes agents sign with the key's own algorithm, which for RSA is SHA-1: refused everywhere.
  if (what.purpose === 'sudo' && keys.subject.type === 'ssh-rsa')
    throw badRequest('an RSA key can not be used for sudo: take an Ed25519, ECDSA or security key');
  return encodeDraft(fieldsOf(what, keys));
}

/**
 * Whether a certificate is one that an offline key signed as this file says.
 * @throws BreakGlassError with the code of the first thing that is wrong.
 */
export function readBreakGlass(certificate: Certificate, offlineKeys: readonly PublicKey[]): BreakGlass {
  const { fields, draft } = certificate;
  if (!offlineKeys.some((key) => samePublicKey(key, fields.authority)))
    throw new BreakGlassError('unknown-authority', 'it is not signed by a key of break_glass in usherd.yaml');
  if (!verifyCertificateSignature(certificate))
    throw new BreakGlassError('bad-signature', 'its signature is wrong');
  const { first, end } = serialRange(fields.authority);
  if (fields.serial < first || fields.serial >= end)
    throw new BreakGlassError('bad-serial', `its serial ${fields.serial} is none of the key that signed it`);
  const what = readFields(fields);
  if (!equalBytes(redraft(what, fields), draft)) throw badTerms();
  return what;
}

function fieldsOf(
  what: BreakGlass,
  { subject, authority, serial, nonce }: BreakGlassKeys,
): CertificateFields {
  return {
    nonce,
    subject,
    serial,
    type: 'user',
    keyId: `break-glass:${what.person}:${what.id}`,
    ...termsOf(what),
    validAfter: BigInt(what.signedAt - REACHES_BACK_SECONDS),
    validBefore: BigInt(what.signedAt + what.lifetime),
    authority,
  };
}

type Terms = Pick<CertificateFields, 'principals' | 'criticalOptions' | 'extensions'>;

function termsOf({ purpose, login, host }: BreakGlass): Terms {
  switch (purpose) {
    case 'login':
      return {
        principals: [`${login}@${host}`],
        criticalOptions: [],
        extensions: [flagOption('permit-agent-forwarding'), flagOption('permit-pty')],
      };
    case 'sudo':
      return {
        principals: [login, `${SUDOER_AT}${host}`],
        criticalOptions: [valueOption('source-address', NOWHERE)],
        extensions: [],
      };
  }
  return purpose satisfies never;
}

/** What the fields seem to say; that they say nothing else is for the caller to see. */
function readFields({ keyId, principals, validAfter, validBefore }: CertificateFields): BreakGlass {
  const [, person, id] = KEY_ID.exec(keyId) ?? [];
  if (person === undefined || id === undefined)
    throw new BreakGlassError('not-marked', 'its key id is not marked as that of an emergency');
  const lifetime = validBefore - validAfter - BigInt(REACHES_BACK_SECONDS);
  if (lifetime < 1n || lifetime > BigInt(MAX_LIFETIME))
    throw new BreakGlassError('bad-lifetime', `it is valid for longer than ${formatDuration(MAX_LIFETIME)}`);
  const signedAt = Number(validAfter) + REACHES_BACK_SECONDS;
  return { ...namesOf(principals), person, id, signedAt, lifetime: Number(lifetime) };
}

function namesOf([first = '', second]: readonly string[]): Pick<BreakGlass, 'purpose' | 'login' | 'host'> {
  if (second !== undefined) return { purpose: 'sudo', login: first, host: second.replace(SUDOER_AT, '') };
  const [login = '', host = ''] = first.split('@');
  return { purpose: 'login', login, host };
}

function redraft(what: BreakGlass, keys: BreakGlassKeys): Uint8Array {
  try {
    assertBreakGlass(what);
    return encodeDraft(fieldsOf(what, keys));
  } catch (cause) {
    if (cause instanceof BreakGlassError || cause instanceof SshError) throw badTerms(cause);
    throw cause;
  }
}

function assertName(name: string, { pattern, meaning }: Grammar, isReserved: boolean): void {
  if (!new RegExp(pattern).test(name)) throw badRequest(`"${printable(name, 64)}" is not a ${meaning}`);
  if (isReserved) throw badRequest(`"${name}" is a name of another purpose`);
}

function badRequest(message: string): BreakGlassError {
  return new BreakGlassError('bad-request', message);
}

function badTerms(cause?: unknown): BreakGlassError {
  return new BreakGlassError('bad-terms', 'its names, options or times are not those of an emergency', {
    cause,
  });
}
