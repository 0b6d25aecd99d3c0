/**
 * The rules that hold for every certificate we sign, whatever policy says; the last line of defence against our own
 * mistakes. OpenSSH and pam-ussh accept much that must never leave an authority.
 */
import type { CertificateFields, CertificateOption } from './certificate-fields.ts';
import { MAX_PRINCIPALS } from './certificate-fields.ts';
import { SshError } from './error.ts';
import { WireReader } from './wire.ts';

/** The end of the year 9999. Whoever passes milliseconds where seconds belong is beyond it, and lived in 1978 at the latest. */
const MAX_TIME = 253_402_300_799n;
/** 90 days, the longest of all profiles, and the five minutes that validity reaches back. */
const MAX_VALIDITY_SECONDS = 90n * 86_400n + 300n;
const NONCE_BYTES = 32;
/** Serials are 63-bit so that every database holds them in a signed column. */
const MAX_SERIAL = 2n ** 63n - 1n;
const KEY_ID = /^[A-Za-z0-9._:@/+=-]{1,255}$/;
/** No comma (CVE-2026-35414), no blank, no NUL, no wildcard; a name, or a name at a host or group. */
const PRINCIPAL = /^[a-z0-9_][a-z0-9_.-]{0,252}(@[a-z0-9][a-z0-9.-]{0,252})?$/;
const CRITICAL_OPTIONS = new Set(['force-command', 'source-address']);
const EXTENSIONS = new Set([
  'permit-X11-forwarding',
  'permit-agent-forwarding',
  'permit-port-forwarding',
  'permit-pty',
  'permit-user-rc',
]);

/** @throws SshError that names the first rule the fields break. */
export function assertIssuable(fields: CertificateFields): void {
  if (fields.nonce.length !== NONCE_BYTES)
    throw new SshError('bad-certificate', `a nonce has ${NONCE_BYTES} bytes`);
  if (fields.serial < 1n || fields.serial > MAX_SERIAL)
    throw new SshError('bad-serial', 'a serial is a number from 1 to 2^63 - 1');
  if (!KEY_ID.test(fields.keyId))
    throw new SshError('bad-key-id', 'a key id has 1 to 255 characters of A-Z a-z 0-9 . _ : @ / + = -');
  assertPrincipals(fields.principals);
  assertValidity(fields.validAfter, fields.validBefore);
  assertOptions(fields.criticalOptions, CRITICAL_OPTIONS, isWrappedText);
  assertOptions(fields.extensions, EXTENSIONS, (data) => data.length === 0);
  if (fields.type === 'host' && fields.criticalOptions.length + fields.extensions.length > 0)
    throw new SshError('bad-option', 'a host certificate has no options');
}

function assertPrincipals(principals: readonly string[]): void {
  // CVE-2024-7594: sshd takes a certificate without principals for everybody's.
  if (principals.length === 0)
    throw new SshError('bad-principal', 'a certificate names at least one principal');
  if (principals.length > MAX_PRINCIPALS)
    throw new SshError('too-long', `a certificate has at most ${MAX_PRINCIPALS} principals`);
  for (const principal of principals)
    if (!PRINCIPAL.test(principal))
      throw new SshError('bad-principal', `"${principal.slice(0, 64)}" is not a principal`);
  if (new Set(principals).size !== principals.length)
    throw new SshError('bad-principal', 'a principal is named twice');
}

function assertValidity(after: bigint, before: bigint): void {
  if (after >= before) throw new SshError('bad-validity', 'a certificate begins before it ends');
  if (after < 1n || before > MAX_TIME)
    throw new SshError('bad-validity', 'a time is given in seconds, and before the year 10000');
  if (before - after > MAX_VALIDITY_SECONDS)
    throw new SshError('bad-validity', 'a certificate is valid for at most 90 days');
}

/** Exactly one string, not empty: x/crypto unwraps values, and refuses what is not so. */
function isWrappedText(data: Uint8Array): boolean {
  if (data.length <= 4) return false;
  const length = new WireReader(data).uint32();
  return length === data.length - 4;
}

/** pam-ussh (x/crypto) refuses options that are not in byte order, unique and wrapped; sshd accepts them. */
function assertOptions(
  options: readonly CertificateOption[],
  known: ReadonlySet<string>,
  isDataGood: (data: Uint8Array) => boolean,
): void {
  options.forEach(({ name, data }, index) => {
    if (!known.has(name)) throw new SshError('bad-option', `option "${name.slice(0, 64)}" is never issued`);
    if (!isDataGood(data)) throw new SshError('bad-option', `option ${name} has data of the wrong form`);
    const previous = options[index - 1]?.name;
    // Plain string comparison is by code unit, which is byte order for these ASCII names.
    if (previous !== undefined && previous >= name)
      throw new SshError('bad-option', 'options are in byte order, each once');
  });
}
