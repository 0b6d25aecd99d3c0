/** The drafts of a request as a page shows them: decoded here, from the very bytes that are touched. */
import { equalBytes } from '../../src/fido/equal-bytes.ts';
import { decodeDraft, encodeDraft } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { keyCode } from '../../src/ssh/key-code.ts';
import { keyInWords, subjectInWords } from '../../src/ssh/key-words.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { LEAST_RANDOM_SERIAL } from '../../src/ssh/serial.ts';
import { ReviewFault } from './fault.ts';
import type { LoginTerms } from './login.ts';
import { readLogin } from './login.ts';
import type { SudoTerms } from './sudo.ts';
import { readSudo } from './sudo.ts';

export type ReviewedCertificate = CommonTerms & (LoginTerms | SudoTerms);
export type ReviewedLogin = CommonTerms & LoginTerms;
export type ReviewedSudo = CommonTerms & SudoTerms;

interface CommonTerms {
  readonly principals: readonly string[];
  /** Seconds from when it was drafted. */
  readonly lifetime: number;
  /** Unix seconds. */
  readonly validAfter: number;
  readonly validBefore: number;
  readonly key: ShownKey;
  /** Of the key; the terminal of who asks shows it, too. */
  readonly keyCode: string;
  /** The CA key that signs; several: one of them will. Never empty. */
  readonly authorities: readonly ShownKey[];
  readonly keyId: string;
  readonly serial: string;
}

interface ShownKey {
  readonly words: string;
  readonly fingerprint: string;
}

type Purpose = ReviewedCertificate['purpose'];

/** The drafts of one certificate. */
interface Alternatives {
  readonly fields: CertificateFields;
  readonly others: CertificateFields[];
}

/** A purpose that the pages can show is a row. */
const READERS: Readonly<Record<Purpose, (fields: CertificateFields) => LoginTerms | SudoTerms>> = {
  login: readLogin,
  sudo: readSudo,
};
/** Validity reaches back five minutes, for hosts whose clocks are behind. */
const REACHES_BACK_SECONDS = 300n;

/**
 * One entry for each certificate: the alternatives of one that wait for different CA keys are told once.
 * @throws ReviewFault when a draft is not made out to this person for this request, or says something that the pages have no
 * words for: nothing may be touched that is not shown. SshError when it is no draft at all.
 */
export function reviewDrafts(
  drafts: readonly Uint8Array[],
  person: string,
  requestId: string,
): readonly ReviewedCertificate[] {
  // All of them are checked: an alternative that is somebody else's is not this one with another CA key.
  const read = drafts.map((draft) => readDraft(draft, person, requestId));
  const certificates = bySerial(read).map(reviewAlternatives);
  if (certificates.filter(({ purpose }) => purpose === 'sudo').length > 1)
    throw new ReviewFault('bad-draft', 'A request has at most one certificate for sudo.');
  return certificates;
}

function readDraft(draft: Uint8Array, person: string, requestId: string): CertificateFields {
  const fields = decodeDraft(draft);
  if (fields.type !== 'user')
    throw new ReviewFault('other-purpose', 'The draft is for a host, not for a person.');
  checkKeyId(fields.keyId, person, requestId);
  if (fields.serial < LEAST_RANDOM_SERIAL)
    throw new ReviewFault('bad-draft', 'The draft has a serial of an offline key.');
  return fields;
}

function bySerial(drafts: readonly CertificateFields[]): readonly Alternatives[] {
  const found = new Map<bigint, Alternatives>();
  for (const fields of drafts) {
    const known = found.get(fields.serial);
    if (known === undefined) found.set(fields.serial, { fields, others: [] });
    else known.others.push(fields);
  }
  return [...found.values()];
}

function reviewAlternatives({ fields, others }: Alternatives): ReviewedCertificate {
  const terms = READERS[purposeOf(fields.keyId)](fields);
  const authorities = [fields, ...others].map(({ authority }) => shownKey(authority));
  if (others.length > 0) checkAlternatives(terms.purpose, { fields, others }, authorities);
  return { ...terms, ...commonTerms(fields), authorities };
}

/** Whatever is shown of the first one must be true of all. */
function checkAlternatives(
  purpose: Purpose,
  { fields: first, others }: Alternatives,
  authorities: readonly ShownKey[],
): void {
  const shown = encodeDraft(first);
  const agree = others.every((other) =>
    equalBytes(encodeDraft({ ...other, authority: first.authority }), shown),
  );
  const differ = new Set(authorities.map((key) => key.fingerprint)).size === authorities.length;
  if (purpose !== 'sudo' || !agree || !differ)
    throw new ReviewFault('bad-draft', 'Two drafts have the same serial, and are not the same certificate.');
}

function commonTerms(fields: CertificateFields): Omit<CommonTerms, 'authorities'> {
  return {
    principals: fields.principals,
    lifetime: Number(fields.validBefore - fields.validAfter - REACHES_BACK_SECONDS),
    validAfter: Number(fields.validAfter),
    validBefore: Number(fields.validBefore),
    key: { ...shownKey(fields.subject), words: subjectInWords(fields.subject) },
    keyCode: keyCode(fields.subject),
    keyId: fields.keyId,
    serial: fields.serial.toString(),
  };
}

function shownKey(key: PublicKey): ShownKey {
  return { words: keyInWords(key), fingerprint: fingerprint(key) };
}

/** `<purpose>:<person>:<request id>`, each part compared exactly. */
function checkKeyId(keyId: string, person: string, requestId: string): void {
  purposeOf(keyId);
  const [, holder, id, ...more] = keyId.split(':');
  if (holder !== person || more.length > 0)
    throw new ReviewFault('other-person', `The draft is not made out to ${person}.`);
  if (id !== requestId) throw new ReviewFault('other-request', 'The draft belongs to another request.');
}

function purposeOf(keyId: string): Purpose {
  const [purpose] = keyId.split(':');
  if (purpose === 'login' || purpose === 'sudo') return purpose;
  throw new ReviewFault('other-purpose', 'The draft is for a purpose that this page can not show.');
}
