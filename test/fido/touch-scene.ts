/** One touch that holds, and the means to make it wrong in one place. */
import type { TouchCredential } from '../../src/fido/touch-credential.ts';
import type { TouchToVerify } from '../../src/fido/verify-touch.ts';
import { verifyTouch } from '../../src/fido/verify-touch.ts';
import { encodePublicKey, fingerprint } from '../../src/ssh/public-key.ts';
import { codeOfAsync } from '../support/code-of.ts';
import type { CeremonyOptions, SoftAlgorithm } from '../support/soft-authenticator.ts';
import { SoftAuthenticator, SoftSecurityKey } from '../support/soft-authenticator.ts';

export const ORIGIN = 'https://ca.example.org';
export const RP_ID = 'ca.example.org';
export const DIGEST = new Uint8Array(32).fill(0xd1);
export const ALGORITHMS: readonly SoftAlgorithm[] = ['es256', 'eddsa'];

export function webauthnCredential(authenticator: SoftAuthenticator): TouchCredential {
  return {
    kind: 'webauthn',
    id: authenticator.credentialId,
    publicKey: authenticator.publicKey,
    counter: 0,
    rpId: RP_ID,
  };
}

export function sshCredential({ publicKey }: SoftSecurityKey): TouchCredential {
  return {
    kind: 'ssh-sk',
    id: fingerprint(publicKey),
    publicKey: encodePublicKey(publicKey),
    counter: 0,
    rpId: publicKey.application,
  };
}

/** A touch by a fresh WebAuthn credential; `made` changes what the authenticator does. */
export function webauthnTouch(
  made: Partial<CeremonyOptions> = {},
  algorithm: SoftAlgorithm = 'es256',
): TouchToVerify {
  const authenticator = new SoftAuthenticator({ algorithm });
  const assertion = authenticator.get({ challenge: DIGEST, origin: ORIGIN, rpId: RP_ID, ...made });
  return { ...expected(), assertion, credential: webauthnCredential(authenticator) };
}

/** A touch by a fresh `sk` SSH key. */
export function sshTouch(
  made: Partial<CeremonyOptions> & { readonly application?: string } = {},
  algorithm: SoftAlgorithm = 'eddsa',
): TouchToVerify {
  const key = new SoftSecurityKey({ algorithm, application: made.application ?? 'ssh:' });
  const assertion = key.get({ challenge: DIGEST, origin: ORIGIN, ...made });
  return { ...expected(), assertion, credential: sshCredential(key), policy: { userVerification: false } };
}

export function codeOfTouch(touch: TouchToVerify): Promise<unknown> {
  return codeOfAsync(verifyTouch(touch));
}

function expected() {
  return { digest: DIGEST, origin: ORIGIN, rpId: RP_ID, policy: { userVerification: true } };
}
