/** What the page of a request and its authority say to each other. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Act, ActReply } from './acts.ts';
import { Reason, Secret, strict, Time } from './fields.ts';
import { AskReply } from './requests.ts';

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

export type PageReply = Static<typeof PageReply>;

export const CodeBody = Type.Object(
  { pageSecret: Secret, code: Type.String({ minLength: 1, maxLength: 32 }) },
  strict,
);

export const LoopbackBody = Type.Object({ pollSecret: Secret, pageSecret: Secret }, strict);

export const ReviewBody = Type.Object({ pageSecret: Secret }, strict);

const reviewed = {
  person: Type.String(),
  askedFrom: Type.String(),
  openedFrom: Type.String(),
  proof: Type.Union([Type.Literal('code'), Type.Literal('loopback')]),
};

export const IssueReview = Type.Object(
  { ...reviewed, reason: Reason, ...Type.Omit(AskReply, ['pollSecret']).properties },
  strict,
);

export type IssueReview = Static<typeof IssueReview>;

export const ActReview = Type.Object(
  { ...reviewed, act: Act, ...Type.Omit(ActReply, ['pollSecret']).properties },
  strict,
);

export type ActReview = Static<typeof ActReview>;

/** All that the digest is made from; what the page shows follows from it. */
export const ReviewReply = Type.Union([IssueReview, ActReview]);

export type ReviewReply = Static<typeof ReviewReply>;
