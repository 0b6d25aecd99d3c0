/** One registration that holds, and the means to make it wrong in one place. */
import type { RegistrationPolicy, RegistrationToVerify } from '../../src/fido/verify-registration.ts';
import { verifyRegistration } from '../../src/fido/verify-registration.ts';
import type { CertificateOptions, IssuedCertificate } from '../support/attestation-ca.ts';
import { issueCertificate } from '../support/attestation-ca.ts';
import { codeOfAsync } from '../support/code-of.ts';
import type { CreateOptions, SoftAlgorithm } from '../support/soft-authenticator.ts';
import { SoftAuthenticator } from '../support/soft-authenticator.ts';
import { DIGEST, ORIGIN, RP_ID } from './touch-scene.ts';

export const AAGUID = Uint8Array.from({ length: 16 }, (_, index) => index);
export const AAGUID_TEXT = '00010203-0405-0607-0809-0a0b0c0d0e0f';
export const ROOT = issueCertificate({ name: 'Maker Root' });
export const OTHER_ROOT = issueCertificate({ name: 'Other Root' });
export const NOW = Math.floor(Date.now() / 1000);
export const DAY = 86_400;

export const ANY_KEY: RegistrationPolicy = { userVerification: true, attestation: { required: false } };

export function modelPolicy(
  roots: readonly IssuedCertificate[] = [ROOT],
  aaguids = [AAGUID_TEXT],
): RegistrationPolicy {
  const attestation = { required: true as const, aaguids, roots: roots.map((root) => root.pem) };
  return { userVerification: true, attestation };
}

/** An attestation certificate for the model, by `issuer`. */
export function modelCertificate(
  issuer: IssuedCertificate,
  options: CertificateOptions = {},
): IssuedCertificate {
  return issueCertificate({ name: 'Maker Model', isAuthority: false, aaguid: AAGUID, issuer, ...options });
}

export interface Made extends Partial<CreateOptions> {
  readonly algorithm?: SoftAlgorithm;
  readonly leaf?: IssuedCertificate;
  readonly chain?: readonly IssuedCertificate[];
}

export function registration(made: Made = {}, policy: RegistrationPolicy = ANY_KEY): RegistrationToVerify {
  const { algorithm = 'es256', leaf = modelCertificate(ROOT), chain = [], ...options } = made;
  const authenticator = new SoftAuthenticator({ algorithm, aaguid: AAGUID, attestation: { leaf, chain } });
  const response = authenticator.create({ challenge: DIGEST, origin: ORIGIN, rpId: RP_ID, ...options });
  return { response, challenge: DIGEST, origin: ORIGIN, rpId: RP_ID, policy, now: NOW };
}

export function codeOfRegistration(input: RegistrationToVerify): Promise<unknown> {
  return codeOfAsync(verifyRegistration(input));
}
