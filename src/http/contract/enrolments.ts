/** Enrolment of a credential, from the invite to the first touch. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { LIMITS } from '../../fido/assertion.ts';
import { Access } from './access.ts';
import { Assertion, bytes, Label, RequestId, Secret, strict, Time, UserVerification } from './fields.ts';

export const InviteBody = Type.Object({ invite: Secret }, strict);

export const InviteReply = Type.Object(
  {
    requestId: RequestId,
    pollSecret: Secret,
    person: Type.String(),
    inviteId: Type.String({ description: 'hex SHA-256 of the invite' }),
    origin: Type.String(),
    rpId: Type.String(),
    nonce: bytes('32 bytes; the challenge of the registration', 32),
    expiresAt: Time,
    userId: bytes('WebAuthn user handle', 64),
    userVerification: UserVerification,
    attestation: Type.Union([Type.Literal('none'), Type.Literal('direct')]),
    excludeCredentialIds: Type.Array(Type.String()),
    access: Access,
  },
  strict,
);

export type InviteReply = Static<typeof InviteReply>;

export const WebauthnOffer = Type.Object(
  {
    kind: Type.Literal('webauthn'),
    label: Label,
    credentialId: bytes('raw credential id', 1023),
    clientDataJSON: bytes('client data of the registration', LIMITS.clientDataJSON),
    attestationObject: bytes('attestation object', 16_384),
  },
  strict,
);

export type WebauthnOffer = Static<typeof WebauthnOffer>;

export const SshOffer = Type.Object(
  {
    kind: Type.Literal('ssh-sk'),
    label: Label,
    publicKey: bytes('SSH public key blob', 2048),
    attestation: Type.Optional(
      Type.Object(
        {
          clientDataJSON: bytes('the challenge file given to ssh-keygen', LIMITS.clientDataJSON),
          statement: bytes('what ssh-keygen -O write-attestation wrote', 16_384),
        },
        strict,
      ),
    ),
  },
  strict,
);

export type SshOffer = Static<typeof SshOffer>;

export const OfferBody = Type.Object(
  { pollSecret: Secret, credential: Type.Union([WebauthnOffer, SshOffer]) },
  strict,
);

export type OfferBody = Static<typeof OfferBody>;

/** The digest of the enrolment covers these, so that the caller can compute it. */
export const OfferReply = Type.Object(
  { credentialId: Type.String(), publicKey: bytes('COSE key or SSH blob, as it will be stored', 2048) },
  strict,
);

export type OfferReply = Static<typeof OfferReply>;

export const ConfirmBody = Type.Object({ pollSecret: Secret, assertion: Assertion }, strict);

export const ConfirmReply = Type.Object({ credentialId: Type.String(), access: Access }, strict);

export type ConfirmReply = Static<typeof ConfirmReply>;
