/**
 * Who makes a signed call. The login certificate is checked as sshd would check it (purpose, type, time, source address),
 * and beyond: it must be one that this authority recorded and nobody revoked, of a person still in the roster.
 */
import { equalBytes } from '../fido/equal-bytes.ts';
import type { Roster } from '../policy/roster.ts';
import { sourceAllows } from '../policy/source.ts';
import type { Certificate } from '../ssh/certificate.ts';
import { decodeCertificate, optionValue } from '../ssh/certificate.ts';
import { verifyCertificateSignature } from '../ssh/certificate-signature.ts';
import { SshError } from '../ssh/error.ts';
import type { CallCredentials, SignedCall } from '../ssh/signed-call.ts';
import { CALL_NAMESPACE, CALL_SKEW_SECONDS, callMessage } from '../ssh/signed-call.ts';
import type { Authority } from './authority.ts';
import { isTrustedCaKey } from './ca-keys.ts';
import { AuthorityError } from './error.ts';
import type { StoreWriter } from './ports.ts';
import { isSignedBy } from './proof.ts';
import { clockSkew } from './skew.ts';

export interface IncomingCall {
  readonly method: string;
  readonly target: string;
  readonly body: Uint8Array;
  /** Network address of the caller. */
  readonly from: string;
}

/**
 * @returns the person who calls.
 * @throws AuthorityError `call-refused` or `call-replayed`; what exactly was wrong is said, since the caller shows a
 * certificate of ours.
 */
export async function authenticateCall(
  authority: Authority,
  call: IncomingCall,
  credentials: CallCredentials,
): Promise<string> {
  const certificate = decode(credentials.certificate);
  await assertOurs(authority, certificate);
  assertInTime(authority, certificate, credentials.time);
  assertSource(certificate, call.from);
  assertSigned(authority, call, credentials, certificate);
  return authority.store.write((tx) => admit(authority, tx, certificate, credentials));
}

function decode(blob: Uint8Array): Certificate {
  try {
    return decodeCertificate(blob);
  } catch (cause) {
    if (cause instanceof SshError) throw refuse('the certificate can not be read', cause);
    throw cause;
  }
}

/** Only read: what a stranger sends must not hold up those who write. */
async function assertOurs(authority: Authority, certificate: Certificate): Promise<void> {
  const { fields } = certificate;
  const isOurs = await authority.store.read((tx) => isTrustedCaKey(authority, tx, 'login', fields.authority));
  if (fields.type !== 'user' || !isOurs || !verifyCertificateSignature(certificate))
    throw refuse('this is no login certificate of this authority: usher login');
}

function assertInTime(authority: Authority, { fields }: Certificate, time: number): void {
  const now = authority.clock.now();
  if (BigInt(now) < fields.validAfter || BigInt(now) >= fields.validBefore)
    throw refuse('the certificate is not valid at this time: usher login');
  if (Math.abs(time - now) > CALL_SKEW_SECONDS) throw clockSkew(time, now);
}

function assertSource({ fields }: Certificate, from: string): void {
  for (const option of fields.criticalOptions) {
    const value = optionValue(option);
    if (option.name !== 'source-address' || value === undefined || !sourceAllows(value, from))
      throw refuse(`the certificate may not be used from ${from}`);
  }
}

function assertSigned(
  authority: Authority,
  call: IncomingCall,
  credentials: CallCredentials,
  { fields }: Certificate,
): void {
  const { certificate, time, nonce } = credentials;
  const { method, target, body } = call;
  const signed: SignedCall = { origin: authority.origin, method, target, body, certificate, time, nonce };
  if (!isSignedBy(fields.subject, CALL_NAMESPACE, callMessage(signed), credentials.signature))
    throw refuse('the signature is not over this call, by the key of this certificate');
}

/** What only the store knows: that we issued it, whose it is, that the person may still sign in, that the call is new. */
async function admit(
  authority: Authority,
  tx: StoreWriter,
  { fields }: Certificate,
  credentials: CallCredentials,
): Promise<string> {
  const now = authority.clock.now();
  const issued = await tx.findCertificate(fields.serial);
  if (issued?.purpose !== 'login' || !equalBytes(issued.certificate, credentials.certificate))
    throw refuse('this certificate was not issued here');
  if ((await tx.revocationCause(fields.serial)) !== undefined)
    throw refuse('this certificate was revoked: usher login');
  assertStillInRoster(await authority.rosters.in(tx), issued.person, now);
  const until = credentials.time + CALL_SKEW_SECONDS + 1;
  if (!(await tx.rememberNonce(credentials.nonce, until, now)))
    throw new AuthorityError('call-replayed', 'this call was made before: each call needs a new nonce');
  return issued.person;
}

function assertStillInRoster(roster: Roster, name: string, now: number): void {
  const person = roster.people.get(name);
  if (person === undefined || (person.until !== undefined && now >= person.until))
    throw refuse('the roster gives you no access any more');
}

function refuse(reason: string, cause?: unknown): AuthorityError {
  return new AuthorityError('call-refused', reason, { cause });
}
