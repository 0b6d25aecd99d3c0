/** What is known of a credential before it answers: its key in the form that is verified, and what it may sign for. */
import type { PublicKey, SecurityPublicKey } from '../ssh/public-key.ts';
import { decodePublicKey, fingerprint, isSecurityKey } from '../ssh/public-key.ts';
import { coseOfSecurityKey } from './cose.ts';
import { FidoError } from './error.ts';

export interface TouchCredential {
  readonly kind: 'webauthn' | 'ssh-sk';
  /** webauthn: base64url of the raw id; ssh-sk: the key's fingerprint. */
  readonly id: string;
  /** webauthn: COSE; ssh-sk: SSH public key blob. */
  readonly publicKey: Uint8Array;
  /** The counter of the last accepted touch; 0 for "never seen", which the log's offline check uses too. */
  readonly counter: number;
  /** RP id that the credential was made for; for ssh-sk the key's application. */
  readonly rpId: string;
  /** What the credential was made for, when known: an answer that names another user is refused. */
  readonly userHandle?: Uint8Array;
}

export interface TrustedKey {
  readonly cose: Uint8Array;
  readonly rpId: string;
}

/** @throws FidoError('rp-mismatch' | 'unknown-credential') when this authority can not accept touches of the credential. */
export function trustedKey(credential: TouchCredential, rpId: string, origin: string): TrustedKey {
  if (credential.kind === 'ssh-sk') return trustedSecurityKey(credential, origin);
  if (credential.rpId !== rpId)
    throw new FidoError('rp-mismatch', `the credential was made for another RP id than ${rpId}`);
  return { cose: credential.publicKey, rpId };
}

function trustedSecurityKey(credential: TouchCredential, origin: string): TrustedKey {
  const key = securityKeyOf(credential);
  const accepted = acceptedApplications(origin);
  if (!accepted.includes(key.application) || credential.rpId !== key.application)
    throw new FidoError(
      'rp-mismatch',
      `the application of the security key is none of ${accepted.join(', ')}`,
    );
  return { cose: coseOfSecurityKey(key), rpId: key.application };
}

function securityKeyOf({ id, publicKey }: TouchCredential): SecurityPublicKey {
  const key = decodeKey(publicKey);
  if (!isSecurityKey(key) || fingerprint(key) !== id)
    throw new FidoError('unknown-credential', 'the credential is not the security key of this fingerprint');
  return key;
}

/** `ssh:` is OpenSSH's default, the same for every server; `ssh:<host>` is a key for this authority alone. */
export function acceptedApplications(origin: string): readonly string[] {
  return ['ssh:', `ssh:${hostOf(origin)}`];
}

/** @throws FidoError('malformed'), since the origin of a logged touch is as untrusted as the rest of its leaf. */
export function hostOf(origin: string): string {
  const url = URL.parse(origin);
  if (url === null) throw new FidoError('malformed', 'the origin is not a URL');
  return url.hostname;
}

function decodeKey(blob: Uint8Array): PublicKey {
  try {
    return decodePublicKey(blob);
  } catch (cause) {
    throw new FidoError('malformed', 'the public key of the credential can not be read', { cause });
  }
}
