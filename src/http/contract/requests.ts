/** Requests for certificates: what is asked, touched and released. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import {
  ApprovalCount,
  Assertion,
  bytes,
  CaSignature,
  Checkpoint,
  CredentialIds,
  DraftIndex,
  Drafts,
  HostName,
  Lifetime,
  Login,
  PersonName,
  Proofs,
  Purpose,
  Reason,
  RequestId,
  Secret,
  SeenSize,
  strict,
  Time,
  UserVerification,
} from './fields.ts';

const asked = {
  key: bytes('the public key to certify, as SSH blob', 2048),
  lifetime: Type.Optional(Lifetime),
  possession: Type.Object(
    { time: Time, signature: bytes('SSHSIG, namespace usher-possession', 4096) },
    { ...strict, description: 'shows that the caller holds the key' },
  ),
};

export const LoginAsked = Type.Object(
  {
    purpose: Type.Literal('login'),
    ...asked,
    logins: Type.Array(Login, { minItems: 1, maxItems: 64 }),
    hosts: Type.Array(HostName, { minItems: 1, maxItems: 256 }),
  },
  strict,
);

export type LoginAsked = Static<typeof LoginAsked>;

export const SudoAsked = Type.Object(
  {
    purpose: Type.Literal('sudo'),
    ...asked,
    login: Login,
    hosts: Type.Array(HostName, {
      minItems: 1,
      maxItems: 255,
      description: 'names for sudo, or * alone for the principal that every host takes',
    }),
    reason: Type.Optional(Reason),
  },
  strict,
);

export type SudoAsked = Static<typeof SudoAsked>;

export const CertificateAsked = Type.Union([LoginAsked, SudoAsked]);

export type CertificateAsked = Static<typeof CertificateAsked>;

export const AskBody = Type.Object(
  { person: PersonName, certificates: Type.Array(CertificateAsked, { minItems: 1, maxItems: 8 }) },
  strict,
);

export type AskBody = Static<typeof AskBody>;

/** What is needed to touch: enough to compute the digest, and nothing that tells whether the person exists. */
export const AskReply = Type.Object(
  {
    requestId: RequestId,
    pollSecret: Secret,
    origin: Type.String(),
    rpId: Type.String(),
    nonce: bytes('32 bytes of the authority', 32),
    expiresAt: Time,
    drafts: Drafts,
    credentialIds: CredentialIds,
    userVerification: UserVerification,
    approvals: ApprovalCount,
  },
  strict,
);

export type AskReply = Static<typeof AskReply>;

/** Who speaks for a request: the command by its poll secret, or the page by its own secret. */
export const Speaker = Type.Union([
  Type.Object({ pollSecret: Secret }, strict),
  Type.Object({ pageSecret: Secret }, strict),
]);

export type Speaker = Static<typeof Speaker>;

export const TouchBody = Type.Object(
  { speaker: Speaker, assertion: Assertion, seenSize: Type.Optional(SeenSize) },
  strict,
);

export type TouchBody = Static<typeof TouchBody>;

export const ResultBody = Type.Object({ pollSecret: Secret, seenSize: Type.Optional(SeenSize) }, strict);

export type ResultBody = Static<typeof ResultBody>;

export const Issued = Type.Object(
  {
    state: Type.Literal('issued'),
    certificates: Type.Array(
      Type.Object(
        {
          purpose: Purpose,
          certificate: bytes('the certificate blob', 65_535),
          leafIndex: Type.Integer({ minimum: 0 }),
          leaf: bytes('the leaf of this certificate in the log', 65_535),
          inclusionProof: Proofs,
        },
        strict,
      ),
    ),
    checkpoint: Checkpoint,
    consistencyProof: Proofs,
  },
  strict,
);

export type Issued = Static<typeof Issued>;

export const Waiting = Type.Object(
  { state: Type.Union([Type.Literal('pending'), Type.Literal('signing')]) },
  strict,
);

/** Touched; other people have to approve, or to sign with their CA key. */
export const Approvable = Type.Object(
  {
    state: Type.Literal('waiting'),
    needed: ApprovalCount,
    given: ApprovalCount,
    approveBy: Time,
    address: Type.String({
      description: 'where others can look at it and approve; whoever has it can see the request',
    }),
  },
  strict,
);

export type Approvable = Static<typeof Approvable>;

/** The page gets no certificate: only whether it worked. */
export const TouchReply = Type.Union([
  Issued,
  Type.Object({ state: Type.Literal('touched') }, strict),
  Approvable,
  Waiting,
]);

export type TouchReply = Static<typeof TouchReply>;

export const ResultReply = Type.Union([Issued, Approvable, Waiting]);

export type ResultReply = Static<typeof ResultReply>;

/** The person who asks holds one of the CA keys: its touch is the only one that is needed. */
export const OwnSignatureBody = Type.Object(
  { pollSecret: Secret, draft: DraftIndex, signature: CaSignature, seenSize: Type.Optional(SeenSize) },
  strict,
);
