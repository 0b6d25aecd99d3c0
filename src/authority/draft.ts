/** From terms to the exact bytes that will be touched and signed; step 3 of the issuance cycle. */
import type { CriticalOption, Terms } from '../policy/decision.ts';
import {
  assembleCertificate,
  decodeCertificate,
  decodeDraft,
  encodeDraft,
  flagOption,
  optionValue,
  valueOption,
} from '../ssh/certificate.ts';
import type { CertificateFields, CertificateOption } from '../ssh/certificate-fields.ts';
import type { PrivateKey } from '../ssh/private-key.ts';
import { signMessage } from '../ssh/private-key.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { samePublicKey } from '../ssh/public-key.ts';
import { LEAST_RANDOM_SERIAL } from '../ssh/serial.ts';
import type { Random } from './ports.ts';
import type { Purpose } from './purpose.ts';

/** Clocks of hosts may be behind: a certificate is valid from five minutes ago. */
const REACHES_BACK_SECONDS = 300;
const NONCE_BYTES = 32;

export interface DraftInput {
  readonly purpose: Purpose;
  readonly holder: string;
  readonly requestId: string;
  readonly subject: PublicKey;
  readonly terms: Terms;
  /** The CA keys that may sign it, at least one. */
  readonly authorities: readonly PublicKey[];
  readonly now: number;
}

/**
 * The to-be-signed bytes of one certificate, once for each CA key that may sign it: they differ in nothing else. They are made
 * once for a request and never dated anew.
 * @throws SshError when the terms can not become a certificate that we would issue.
 */
export function draftCertificate(
  input: DraftInput,
  random: Random,
  throwaway: PrivateKey,
): readonly Uint8Array[] {
  const fields = fieldsOf(input, random);
  lint({ ...fields, authority: throwaway.publicKey }, input, throwaway);
  return input.authorities.map((authority) => encodeDraft({ ...fields, authority }));
}

/** `login:alice:<request id>`: what sshd logs, and what leads from there to this request. */
function keyIdOf(purpose: Purpose, holder: string, requestId: string): string {
  return `${purpose}:${holder}:${requestId}`;
}

/** 63 random bits, at least 2^51: hosts revoke by serial, so a serial is never used twice. */
export function newSerial(random: Random): bigint {
  const [value = 0n] = new BigUint64Array(random.bytes(8).slice().buffer);
  const serial = BigInt.asUintN(63, value);
  return serial < LEAST_RANDOM_SERIAL ? newSerial(random) : serial;
}

function fieldsOf(input: DraftInput, random: Random): Omit<CertificateFields, 'authority'> {
  const { terms } = input;
  return {
    nonce: random.bytes(NONCE_BYTES),
    subject: input.subject,
    serial: newSerial(random),
    type: input.purpose === 'host' ? 'host' : 'user',
    keyId: keyIdOf(input.purpose, input.holder, input.requestId),
    principals: terms.principals,
    validAfter: BigInt(input.now - REACHES_BACK_SECONDS),
    validBefore: BigInt(input.now + terms.lifetime),
    criticalOptions: terms.criticalOptions.map(({ name, value }) => valueOption(name, value)).sort(byName),
    extensions: terms.extensions.map(flagOption).sort(byName),
  };
}

/** By code unit, which is byte order: pam-ussh refuses any other, a locale's included. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

/**
 * Makes the same certificate with a throwaway key, reads it back as a stranger would and compares it with what was
 * granted, so that a CA key only ever signs bytes that were checked.
 */
function lint(fields: CertificateFields, input: DraftInput, throwaway: PrivateKey): void {
  const draft = encodeDraft(fields);
  const read = decodeCertificate(assembleCertificate(draft, signMessage(throwaway, draft))).fields;
  if (!samePublicKey(read.subject, input.subject) || !sameTerms(termsOfFields(read), input.terms))
    throw new TypeError('a draft does not say what was granted');
}

const FIELDS = new WeakMap<Uint8Array, CertificateFields>();

/** What a draft of ours says; decoded once for each that was read from the store. */
export function draftFields(draft: Uint8Array): CertificateFields {
  const known = FIELDS.get(draft) ?? decodeDraft(draft);
  FIELDS.set(draft, known);
  return known;
}

/** What a draft gives, read back from its fields: principals, options, and the lifetime from when it was made. */
export function termsOfFields(fields: CertificateFields): Terms {
  return {
    principals: fields.principals,
    lifetime: Number(fields.validBefore - fields.validAfter) - REACHES_BACK_SECONDS,
    criticalOptions: fields.criticalOptions.map(readCriticalOption),
    extensions: fields.extensions.map(({ name }) => name),
  };
}

function readCriticalOption(option: CertificateOption): CriticalOption {
  const value = optionValue(option);
  if (option.name !== 'source-address' || value === undefined)
    throw new TypeError(`policy gives no critical option ${option.name}`);
  return { name: option.name, value };
}

function sameTerms(a: Terms, b: Terms): boolean {
  return JSON.stringify(canonicalTerms(a)) === JSON.stringify(canonicalTerms(b));
}

function canonicalTerms(terms: Terms): unknown {
  return [
    terms.principals,
    terms.lifetime,
    [...terms.criticalOptions].sort(byName).map(({ name, value }) => [name, value]),
    [...terms.extensions].sort(),
  ];
}
