/** What other people are shown of a request that waits, and what they answer. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import {
  ApprovalCount,
  Assertion,
  bytes,
  CaSignature,
  CredentialIds,
  DraftIndex,
  Drafts,
  Lifetime,
  PersonName,
  Reason,
  RequestId,
  Secret,
  strict,
  Time,
  UserVerification,
} from './fields.ts';

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

export type ApprovalsReply = Static<typeof ApprovalsReply>;

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

export type ViewReply = Static<typeof ViewReply>;

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

export type AnswerReply = Static<typeof AnswerReply>;
