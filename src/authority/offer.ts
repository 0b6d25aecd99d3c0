/** A credential that a person offers for enrolment: what the authenticator says of it, verified. */
import type { RegistrationJson } from '../fido/assertion.ts';
import { FidoError } from '../fido/error.ts';
import { acceptedApplications } from '../fido/touch-credential.ts';
import type { RegistrationPolicy, VerifiedRegistration } from '../fido/verify-registration.ts';
import { verifyRegistration } from '../fido/verify-registration.ts';
import { verifySshAttestation } from '../fido/verify-ssh-attestation.ts';
import type { EnrolmentPolicy } from '../policy/enrolment.ts';
import { SshError } from '../ssh/error.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { decodePublicKey, encodePublicKey, fingerprint, isSecurityKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import type { Credential, PendingEnrolment } from './records.ts';

export type CredentialOffer =
  | ({ readonly kind: 'webauthn'; readonly label: string } & RegistrationJson)
  | {
      readonly kind: 'ssh-sk';
      readonly label: string;
      readonly publicKey: Uint8Array;
      readonly attestation?: { readonly clientDataJSON: Uint8Array; readonly statement: Uint8Array };
    };

type SshOffer = Extract<CredentialOffer, { kind: 'ssh-sk' }>;
type SecurityKey = Extract<PublicKey, { application: string }>;

/** @throws AuthorityError `credential-refused` or `attestation-required`. */
export async function verifyOffer(
  authority: Authority,
  request: PendingEnrolment,
  policy: EnrolmentPolicy,
  offer: CredentialOffer,
): Promise<Credential> {
  try {
    return offer.kind === 'webauthn'
      ? await verifyWebauthn(authority, request, policy, offer)
      : await verifySsh(authority, request, policy, offer);
  } catch (cause) {
    if (cause instanceof FidoError || cause instanceof SshError)
      throw new AuthorityError('credential-refused', `${cause.message} (${cause.code})`, { cause });
    throw cause;
  }
}

async function verifyWebauthn(
  authority: Authority,
  request: PendingEnrolment,
  policy: EnrolmentPolicy,
  offer: Extract<CredentialOffer, { kind: 'webauthn' }>,
): Promise<Credential> {
  const { kind: _kind, label, ...response } = offer;
  const { origin, rpId, clock } = authority;
  const { verified, attestedBy } = await verifyEach(policy, (registrationPolicy) =>
    verifyRegistration({
      response,
      challenge: request.nonce,
      origin,
      rpId,
      policy: registrationPolicy,
      now: clock.now(),
    }),
  );
  return {
    id: verified.credentialId,
    person: request.person,
    kind: 'webauthn',
    publicKey: verified.publicKey,
    rpId,
    counter: verified.counter,
    aaguid: verified.aaguid,
    attestedBy,
    source: 'enrolled',
    label,
    createdAt: clock.now(),
  };
}

async function verifySsh(
  authority: Authority,
  request: PendingEnrolment,
  policy: EnrolmentPolicy,
  offer: SshOffer,
): Promise<Credential> {
  const key = readSecurityKey(authority, offer);
  const attestation = await verifyAttestation(authority, request, policy, offer, key);
  return {
    id: fingerprint(key),
    person: request.person,
    kind: 'ssh-sk',
    publicKey: encodePublicKey(key),
    rpId: key.application,
    counter: 0,
    ...(attestation === undefined ? {} : { aaguid: attestation.verified.aaguid }),
    attestedBy: attestation?.attestedBy ?? [],
    source: 'enrolled',
    label: offer.label,
    createdAt: authority.clock.now(),
  };
}

function readSecurityKey(authority: Authority, offer: SshOffer): SecurityKey {
  const key = decodePublicKey(offer.publicKey);
  const accepted = acceptedApplications(authority.origin);
  if (isSecurityKey(key) && accepted.includes(key.application)) return key;
  throw new AuthorityError(
    'credential-refused',
    `offer a security key with the application ${accepted.join(' or ')}`,
  );
}

async function verifyAttestation(
  authority: Authority,
  request: PendingEnrolment,
  policy: EnrolmentPolicy,
  offer: SshOffer,
  key: SecurityKey,
): Promise<VerifiedOffer | undefined> {
  if (offer.attestation === undefined && policy.attestations.length === 0) return undefined;
  if (offer.attestation === undefined)
    throw new AuthorityError(
      'attestation-required',
      'your role asks for an attested security key: make it with ssh-keygen -O challenge=… -O write-attestation=…',
    );
  const { clientDataJSON, statement: attestation } = offer.attestation;
  const { origin, clock } = authority;
  return verifyEach(policy, (registrationPolicy) =>
    verifySshAttestation({
      attestation,
      clientDataJSON,
      key,
      challenge: request.nonce,
      origin,
      policy: registrationPolicy,
      now: clock.now(),
    }),
  );
}

interface VerifiedOffer {
  readonly verified: VerifiedRegistration;
  readonly attestedBy: readonly string[];
}

/** A credential has to meet what each of the person's roles asks of attestation. */
async function verifyEach(
  { userVerification, attestations }: EnrolmentPolicy,
  verifyWith: (policy: RegistrationPolicy) => Promise<VerifiedRegistration>,
): Promise<VerifiedOffer> {
  const [first = { required: false } as const, ...others] = attestations;
  const verified = await verifyWith({ userVerification, attestation: first });
  const roots = [verified.attestedBy];
  for (const attestation of others)
    roots.push((await verifyWith({ userVerification, attestation })).attestedBy);
  return { verified, attestedBy: [...new Set(roots)].filter((root) => root !== undefined) };
}
