/** Any OpenSSH certificate, explained: what it says, and who would refuse it. Pure. */
import type { Certificate } from '../src/ssh/certificate.ts';
import { certificateTypeName, optionValue } from '../src/ssh/certificate.ts';
import type { CertificateOption } from '../src/ssh/certificate-fields.ts';
import { verifyCertificateSignature } from '../src/ssh/certificate-signature.ts';
import { fingerprint } from '../src/ssh/public-key.ts';
import { WireReader } from '../src/ssh/wire.ts';
import { formatTime } from './issue/review.ts';

interface CertificateView {
  readonly type: string;
  readonly kind: 'user' | 'host';
  readonly key: string;
  readonly authority: string;
  readonly signature: string;
  readonly serial: bigint;
  readonly keyId: string;
  readonly principals: readonly string[];
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: readonly ViewedOption[];
  readonly extensions: readonly ViewedOption[];
  readonly warnings: readonly Warning[];
}

interface ViewedOption {
  readonly name: string;
  readonly value?: string;
}

interface Warning {
  /** Stable, for programs. */
  readonly id: WarningId;
  readonly message: string;
}

type WarningId =
  | 'bad-signature'
  | 'sha1-signature'
  | 'webauthn-signature'
  | 'not-yet-valid'
  | 'expired'
  | 'valid-for-ever'
  | 'no-principals'
  | 'comma-in-principal'
  | 'serial-zero'
  | 'host-certificate'
  | 'unknown-critical-option'
  | 'critical-option-for-sudo'
  | 'source-address-for-sudo'
  | 'options-out-of-order';

/** sshd(8), OpenSSH's PROTOCOL.certkeys: an unknown critical option makes sshd refuse. */
const KNOWN_CRITICAL = new Set(['force-command', 'source-address', 'verify-required']);
const FOR_EVER = 2n ** 63n;

export function viewCertificate(certificate: Certificate, now: number): CertificateView {
  const { fields } = certificate;
  return {
    type: certificateTypeName(fields.subject.type),
    kind: fields.type,
    key: fingerprint(fields.subject),
    authority: fingerprint(fields.authority),
    signature: signatureFormat(certificate),
    serial: fields.serial,
    keyId: fields.keyId,
    principals: fields.principals,
    validAfter: fields.validAfter,
    validBefore: fields.validBefore,
    criticalOptions: fields.criticalOptions.map(viewOption),
    extensions: fields.extensions.map(viewOption),
    warnings: [...warningsOf(certificate, BigInt(now))],
  };
}

/** As `ssh-keygen -L` lays it out, more or less. */
export function viewLines(view: CertificateView): readonly (readonly [string, string])[] {
  return [
    ['type', `${view.type} (${view.kind})`],
    ['key', view.key],
    ['signed by', `${view.authority} (${view.signature})`],
    ['key id', view.keyId === '' ? '(empty)' : view.keyId],
    ['serial', String(view.serial)],
    ['valid', `${formatTime(view.validAfter)} to ${formatTime(view.validBefore)}`],
    ['principals', view.principals.join(', ') || '(none)'],
    ['critical', view.criticalOptions.map(optionText).join(', ') || '(none)'],
    ['extensions', view.extensions.map(optionText).join(', ') || '(none)'],
  ];
}

function* warningsOf(certificate: Certificate, now: bigint): Generator<Warning> {
  const { fields } = certificate;
  yield* signatureWarnings(certificate);
  if (now < fields.validAfter) yield warning('not-yet-valid', 'it is not valid yet: sshd refuses it');
  if (now >= fields.validBefore) yield warning('expired', 'it is over: sshd refuses it');
  if (fields.validBefore >= FOR_EVER) yield warning('valid-for-ever', 'it never ends');
  if (fields.principals.length === 0)
    yield warning(
      'no-principals',
      'it names no principal: sshd refuses it where a CA is trusted, known_hosts takes it for any host',
    );
  if (fields.principals.some((principal) => principal.includes(',')))
    yield warning(
      'comma-in-principal',
      'a principal has a comma: sshd before 10.3 matches it as a list (CVE-2026-35414)',
    );
  if (fields.serial === 0n) yield warning('serial-zero', 'its serial is 0: it can not be revoked by serial');
  if (fields.type === 'host')
    yield warning(
      'host-certificate',
      'it is for a host: sshd takes it for no login, but pam-ussh does not look at the type',
    );
  yield* optionWarnings(fields.criticalOptions, fields.extensions);
}

function* signatureWarnings(certificate: Certificate): Generator<Warning> {
  const format = signatureFormat(certificate);
  if (format === 'ssh-rsa') yield warning('sha1-signature', 'it is signed with SHA-1: sshd refuses it');
  else if (format.startsWith('webauthn-'))
    yield warning(
      'webauthn-signature',
      'its signature was made in a browser: sshd before 10.3 and pam-ussh refuse it',
    );
  else if (!verifyCertificateSignature(certificate))
    yield warning('bad-signature', 'its signature is wrong: everything refuses it');
}

function* optionWarnings(
  critical: readonly CertificateOption[],
  extensions: readonly CertificateOption[],
): Generator<Warning> {
  for (const { name } of critical) {
    if (!KNOWN_CRITICAL.has(name))
      yield warning('unknown-critical-option', `sshd does not know ${name} and refuses it`);
    else if (name === 'source-address')
      yield warning('source-address-for-sudo', 'pam-ussh ignores source-address: it does not protect sudo');
    else yield warning('critical-option-for-sudo', `pam-ussh refuses a certificate with ${name}`);
  }
  if (!isInOrder(critical) || !isInOrder(extensions))
    yield warning(
      'options-out-of-order',
      'its options are not in byte order, each once: pam-ussh refuses it',
    );
}

function isInOrder(options: readonly CertificateOption[]): boolean {
  return options.every(({ name }, index) => index === 0 || (options[index - 1]?.name ?? '') < name);
}

function signatureFormat({ signature }: Certificate): string {
  try {
    return new WireReader(signature).text();
  } catch {
    return '(malformed)';
  }
}

function viewOption(option: CertificateOption): ViewedOption {
  const value = option.data.length === 0 ? undefined : (optionValue(option) ?? '(malformed)');
  return { name: option.name, ...(value === undefined ? {} : { value }) };
}

function optionText({ name, value }: ViewedOption): string {
  return value === undefined ? name : `${name}=${value}`;
}

function warning(id: WarningId, message: string): Warning {
  return { id, message };
}
