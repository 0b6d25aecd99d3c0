/**
 * The HTTP contract: one schema for each input and output. fastify validates with it, the command checks every reply with
 * it, OpenAPI is made from it. Bytes are base64url without padding, times Unix seconds; nothing is coerced.
 */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { LIMITS } from '../fido/assertion.ts';
import { MAX_REASON_LENGTH, REASON_PATTERN } from '../ssh/reason.ts';

const strict = { additionalProperties: false } as const;

function bytes(description: string, most: number) {
  return Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength: Math.ceil((most * 4) / 3), description });
}

function token(length: number, description: string) {
  return Type.String({ pattern: `^[A-Za-z0-9_-]{${length}}$`, description });
}

const Login = Type.String({ pattern: '^[a-z_][a-z0-9_-]{0,31}$', description: 'a Unix account' });
const HostName = Type.String({
  maxLength: 200,
  pattern: '^(\\*|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$',
  description: 'a host or group of the roster, or * alone for all',
});
/** Shown in terminals: no control characters, no line ends, no marks that turn the direction of text. */
const Label = Type.String({
  maxLength: 64,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]*$',
  description: 'what a person calls a credential',
});
const Reason = Type.String({
  maxLength: MAX_REASON_LENGTH,
  pattern: REASON_PATTERN,
  description: 'why; empty: none was given',
});
const PersonName = Type.String({ pattern: '^[a-z_][a-z0-9_.-]{0,31}$' });
const Time = Type.Integer({ minimum: 0, maximum: 253_402_300_799, description: 'Unix time in seconds' });
const Lifetime = Type.Integer({ minimum: 1, maximum: 7_776_000, description: 'seconds' });
const RequestId = token(22, 'id of the request (16 random bytes); no secret');
const Secret = token(43, 'a secret of 32 bytes');
const Proofs = Type.Array(bytes('a node of the Merkle tree', 32), { maxItems: 64 });
const Checkpoint = Type.String({ maxLength: 4096, description: 'a signed note as in C2SP tlog-checkpoint' });
const SeenSize = Type.Integer({
  minimum: 0,
  description: 'size of the tree in the checkpoint the caller saw last',
});

const Purpose = Type.Union([
  Type.Literal('login'),
  Type.Literal('sudo'),
  Type.Literal('builder'),
  Type.Literal('host'),
]);

const UserVerification = Type.Union([Type.Literal('required'), Type.Literal('discouraged')]);

export const Empty = Type.Object({}, strict);

export const RequestParams = Type.Object({ id: RequestId }, strict);

export const Assertion = Type.Object(
  {
    credentialId: Type.String({
      minLength: 1,
      maxLength: 1400,
      pattern: '^(SHA256:[A-Za-z0-9+/]{43}|[A-Za-z0-9_-]+)$',
    }),
    clientDataJSON: bytes('the exact bytes the digest of which was signed', LIMITS.clientDataJSON),
    authenticatorData: bytes('authenticator data', LIMITS.authenticatorData),
    signature: bytes('DER for ES256, 64 bytes for EdDSA', LIMITS.signature),
    userHandle: Type.Optional(bytes('user handle', 64)),
  },
  strict,
);

/* Requests for certificates */

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

export const CertificateAsked = Type.Union([LoginAsked, SudoAsked]);

export const AskBody = Type.Object(
  { person: PersonName, certificates: Type.Array(CertificateAsked, { minItems: 1, maxItems: 8 }) },
  strict,
);

const Drafts = Type.Array(bytes('the to-be-signed bytes of a certificate', 65_535), {
  minItems: 1,
  maxItems: 16,
  description:
    'in the order asked; or the alternatives of one, one for each CA key that a person may sign with',
});
const CredentialIds = Type.Array(Type.String(), {
  description: 'ids for navigator.credentials.get; decoys included',
});
const ApprovalCount = Type.Integer({
  minimum: 0,
  maximum: 4,
  description: 'how many other people have to approve before it is signed',
});

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

/** Who speaks for a request: the command by its poll secret, or the page by its own secret. */
export const Speaker = Type.Union([
  Type.Object({ pollSecret: Secret }, strict),
  Type.Object({ pageSecret: Secret }, strict),
]);

export const TouchBody = Type.Object(
  { speaker: Speaker, assertion: Assertion, seenSize: Type.Optional(SeenSize) },
  strict,
);

export const ResultBody = Type.Object({ pollSecret: Secret, seenSize: Type.Optional(SeenSize) }, strict);

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

/** The page gets no certificate: only whether it worked. */
export const TouchReply = Type.Union([
  Issued,
  Type.Object({ state: Type.Literal('touched') }, strict),
  Approvable,
  Waiting,
]);
export const ResultReply = Type.Union([Issued, Approvable, Waiting]);

const DraftIndex = Type.Integer({ minimum: 0, maximum: 15, description: 'which of the alternatives' });
const CaSignature = bytes('signature blob (OpenSSH) over the draft by the CA key that it names', 512);

/** The person who asks holds one of the CA keys: its touch is the only one that is needed. */
export const OwnSignatureBody = Type.Object(
  { pollSecret: Secret, draft: DraftIndex, signature: CaSignature, seenSize: Type.Optional(SeenSize) },
  strict,
);

/* Approvals: what other people's touches say to a request that waits */

const approvable = {
  requestId: RequestId,
  person: Type.String({ description: 'who asks' }),
  reason: Reason,
  askedFrom: Type.String({ description: 'network address of the command that asked' }),
  createdAt: Time,
  approveBy: Time,
  needed: ApprovalCount,
  given: ApprovalCount,
};

const Answered = Type.Boolean({ description: 'whether the person who looks has approved it already' });

/** What the caller may approve, or sign with a CA key; oldest first. */
export const ApprovalsReply = Type.Object(
  {
    requests: Type.Array(
      Type.Object(
        {
          ...approvable,
          viewSecret: Secret,
          principals: Type.Array(Type.String()),
          lifetime: Lifetime,
          answer: Type.Union([Type.Literal('touch'), Type.Literal('signature')], {
            description: 'a touch of a credential, or the signature of a CA key',
          }),
          answered: Answered,
        },
        strict,
      ),
      { maxItems: 256 },
    ),
  },
  strict,
);

/** Who looks at a request that waits; `viewSecret` shows that somebody gave them its address. */
export const ViewBody = Type.Object({ viewSecret: Secret, person: PersonName }, strict);

/** All that the digest of the request, and that of the answer, are made from. */
export const ViewReply = Type.Object(
  {
    ...approvable,
    origin: Type.String(),
    rpId: Type.String(),
    nonce: bytes('32 bytes of the authority', 32),
    expiresAt: Time,
    drafts: Drafts,
    answer: Type.Union([Type.Literal('touch'), Type.Literal('signature')]),
    credentialIds: CredentialIds,
    answered: Answered,
    userVerification: UserVerification,
  },
  strict,
);

export const AnswerBody = Type.Object(
  {
    viewSecret: Secret,
    person: PersonName,
    answer: Type.Union([Type.Literal('approve'), Type.Literal('reject')]),
    assertion: Assertion,
  },
  strict,
);

export const SignatureBody = Type.Object(
  { viewSecret: Secret, draft: DraftIndex, signature: CaSignature },
  strict,
);

/** What the request has come to by this answer. */
export const AnswerReply = Type.Union([
  Type.Object({ state: Type.Literal('waiting'), needed: ApprovalCount, given: ApprovalCount }, strict),
  Type.Object({ state: Type.Union([Type.Literal('issued'), Type.Literal('rejected')]) }, strict),
]);

/* The page */

export const PageReply = Type.Object(
  {
    pageSecret: Secret,
    askedFrom: Type.String({ description: 'network address of the command' }),
    openedFrom: Type.String({ description: 'network address of this page' }),
    createdAt: Time,
    expiresAt: Time,
  },
  strict,
);
export const CodeBody = Type.Object(
  { pageSecret: Secret, code: Type.String({ minLength: 1, maxLength: 32 }) },
  strict,
);
export const LoopbackBody = Type.Object({ pollSecret: Secret, pageSecret: Secret }, strict);
export const ReviewBody = Type.Object({ pageSecret: Secret }, strict);
export const ReviewReply = Type.Object(
  {
    person: Type.String(),
    askedFrom: Type.String(),
    openedFrom: Type.String(),
    proof: Type.Union([Type.Literal('code'), Type.Literal('loopback')]),
    reason: Reason,
    ...Type.Omit(AskReply, ['pollSecret']).properties,
  },
  strict,
);

/* Enrolment of a credential */

/** Each rule is the strictest of the person's roles: what one host asks for may be less. */
const SudoAccess = Type.Object(
  {
    everywhere: Type.Boolean(),
    hosts: Type.Array(Type.String(), { description: 'names of hosts and groups, or * alone' }),
    names: Type.Record(Type.String(), Type.String(), {
      description: 'the name for sudo, of hosts where it is another one',
    }),
    defaultLifetime: Lifetime,
    maxLifetime: Lifetime,
    approvals: ApprovalCount,
    reasonRequired: Type.Boolean(),
    securityKeysOnly: Type.Boolean(),
  },
  strict,
);

/** What a person may ask for; the command keeps it, so that it can ask without being told first. */
export const Access = Type.Object(
  {
    logins: Type.Array(Type.String()),
    hosts: Type.Array(Type.String()),
    defaultLifetime: Lifetime,
    maxLifetime: Lifetime,
    sudo: Type.Optional(SudoAccess),
  },
  strict,
);
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
export const OfferBody = Type.Object(
  { pollSecret: Secret, credential: Type.Union([WebauthnOffer, SshOffer]) },
  strict,
);
/** The digest of the enrolment covers these, so that the caller can compute it. */
export const OfferReply = Type.Object(
  { credentialId: Type.String(), publicKey: bytes('COSE key or SSH blob, as it will be stored', 2048) },
  strict,
);
export const ConfirmBody = Type.Object({ pollSecret: Secret, assertion: Assertion }, strict);

export const ConfirmReply = Type.Object({ credentialId: Type.String(), access: Access }, strict);

/* What the authority says of itself, of a caller, of its log */

export const BundleReply = Type.Object(
  {
    statement: bytes('the exact bytes that are signed: a Bundle as JSON', 262_144),
    signature: bytes('SSHSIG by the bundle key, namespace usher-bundle', 4096),
  },
  strict,
);

const BundleKey = Type.Object(
  {
    purpose: Purpose,
    key: Type.String({ description: 'public key line' }),
    state: Type.Union([
      Type.Literal('coming'),
      Type.Literal('active'),
      Type.Literal('retired'),
      /** Kept away from the authority, for emergencies; hosts trust it, and the authority never signs with it. */
      Type.Literal('offline'),
    ]),
    signer: Type.Optional(
      Type.Object(
        {
          person: Type.String(),
          credentialId: Type.Optional(
            bytes('of a FIDO credential that is reached without an SSH key file', 1023),
          ),
        },
        { ...strict, description: 'the key is the security key of this person, not of the authority' },
      ),
    ),
  },
  strict,
);

/** The signed statement inside a BundleReply. */
export const Bundle = Type.Object(
  {
    authority: Type.String({ description: 'origin of the authority' }),
    rpId: Type.String({ description: 'what its WebAuthn credentials are made for' }),
    number: Type.Integer({ minimum: 0, description: 'never goes back' }),
    madeAt: Time,
    freshUntil: Time,
    caKeys: Type.Array(BundleKey, { maxItems: 64 }),
    logKey: Type.String({ description: 'verifier key of the log, as in C2SP signed-note' }),
    bundleKey: Type.String({ description: 'public key line of the key that signs bundles' }),
  },
  strict,
);

export const MeReply = Type.Object(
  {
    person: Type.String(),
    access: Access,
    credentials: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          kind: Type.Union([Type.Literal('webauthn'), Type.Literal('ssh-sk')]),
          label: Type.String(),
          createdAt: Time,
        },
        strict,
      ),
    ),
  },
  strict,
);

export const ConsistencyQuery = Type.Object(
  { from: Type.String({ pattern: '^(0|[1-9][0-9]{0,15})$' }) },
  strict,
);
export const ConsistencyReply = Type.Object({ checkpoint: Checkpoint, consistencyProof: Proofs }, strict);

export const Ready = Type.Object(
  {
    ready: Type.Boolean(),
    checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean() }, strict)),
  },
  strict,
);

/** RFC 9457. `code` is stable; `detail` is for people. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.Optional(Type.String()),
    requestId: Type.Optional(Type.String()),
    /** After a refused touch: what the person may ask for instead. */
    access: Type.Optional(Access),
  },
  strict,
);

export type Assertion = Static<typeof Assertion>;
export type LoginAsked = Static<typeof LoginAsked>;
export type SudoAsked = Static<typeof SudoAsked>;
export type CertificateAsked = Static<typeof CertificateAsked>;
export type AskBody = Static<typeof AskBody>;
export type AskReply = Static<typeof AskReply>;
export type Speaker = Static<typeof Speaker>;
export type TouchBody = Static<typeof TouchBody>;
export type TouchReply = Static<typeof TouchReply>;
export type ResultBody = Static<typeof ResultBody>;
export type ResultReply = Static<typeof ResultReply>;
export type Approvable = Static<typeof Approvable>;
export type ApprovalsReply = Static<typeof ApprovalsReply>;
export type ViewReply = Static<typeof ViewReply>;
export type AnswerReply = Static<typeof AnswerReply>;
export type Issued = Static<typeof Issued>;
export type PageReply = Static<typeof PageReply>;
export type ReviewReply = Static<typeof ReviewReply>;
export type InviteReply = Static<typeof InviteReply>;
export type WebauthnOffer = Static<typeof WebauthnOffer>;
export type SshOffer = Static<typeof SshOffer>;
export type OfferBody = Static<typeof OfferBody>;
export type OfferReply = Static<typeof OfferReply>;
export type Access = Static<typeof Access>;
export type ConfirmReply = Static<typeof ConfirmReply>;
export type BundleReply = Static<typeof BundleReply>;
export type Bundle = Static<typeof Bundle>;
export type MeReply = Static<typeof MeReply>;
export type ConsistencyReply = Static<typeof ConsistencyReply>;
export type Ready = Static<typeof Ready>;
export type Problem = Static<typeof Problem>;
