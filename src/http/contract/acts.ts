/** Acts: what a person does to the authority itself, with a touch over exactly this. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { FINGERPRINT_PATTERN } from '../../ssh/public-key.ts';
import { CaKeyState } from './ca-keys.ts';
import {
  Assertion,
  bytes,
  CredentialIds,
  PersonName,
  Purpose,
  Reason,
  RequestId,
  Secret,
  Serial,
  strict,
  Time,
  UserVerification,
} from './fields.ts';
import { Speaker } from './requests.ts';

const Fingerprint = Type.String({ pattern: `^${FINGERPRINT_PATTERN}$` });
const Host = Type.String({
  maxLength: 200,
  pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$',
  description: 'a host of the roster',
});

export const Act = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('invite-host'),
      host: Host,
      tokenHash: bytes('SHA-256 of the token, which only the caller knows', 32),
    },
    strict,
  ),
  Type.Object(
    {
      kind: Type.Literal('revoke'),
      target: Type.Object(
        {
          kind: Type.Union([
            Type.Literal('serial'),
            Type.Literal('person'),
            Type.Literal('key'),
            Type.Literal('machine'),
            Type.Literal('credential'),
          ]),
          name: Type.String({ minLength: 1, maxLength: 1400, pattern: '^[\\x21-\\x7e]+$' }),
        },
        strict,
      ),
      reason: Reason,
    },
    strict,
  ),
  Type.Object(
    {
      kind: Type.Literal('stage-ca'),
      purpose: Purpose,
      key: Type.Union([Type.Literal(''), Fingerprint], {
        description: 'a key of the settings; empty: the authority makes a new one',
      }),
    },
    strict,
  ),
  Type.Object(
    {
      kind: Type.Literal('activate-ca'),
      purpose: Purpose,
      key: Fingerprint,
      evenWithout: Type.Array(Host, {
        maxItems: 256,
        description: 'hosts that may lack the key, each once, in ascending order',
      }),
    },
    strict,
  ),
  Type.Object({ kind: Type.Literal('retire-ca'), purpose: Purpose, key: Fingerprint }, strict),
  Type.Object(
    { kind: Type.Literal('revoke-ca'), purpose: Purpose, key: Fingerprint, reason: Reason },
    strict,
  ),
]);

export type Act = Static<typeof Act>;

export const ActBody = Type.Object({ person: PersonName, act: Act }, strict);

export type ActBody = Static<typeof ActBody>;

/** What is needed to touch; the same for strangers and for people without the right. */
export const ActReply = Type.Object(
  {
    requestId: RequestId,
    pollSecret: Secret,
    origin: Type.String(),
    rpId: Type.String(),
    nonce: bytes('32 bytes of the authority', 32),
    expiresAt: Time,
    credentialIds: CredentialIds,
    userVerification: UserVerification,
  },
  strict,
);

export type ActReply = Static<typeof ActReply>;

export const ActTouchBody = Type.Object({ speaker: Speaker, assertion: Assertion }, strict);

export const ActResultBody = Type.Object({ pollSecret: Secret }, strict);

export const ActResult = Type.Union([
  Type.Object({ kind: Type.Literal('host-invited'), host: Type.String(), expiresAt: Time }, strict),
  Type.Object(
    {
      kind: Type.Literal('revoked'),
      count: Type.Integer({ minimum: 0 }),
      serials: Type.Array(Serial, { maxItems: 1000, description: 'the first of them' }),
    },
    strict,
  ),
  Type.Object(
    {
      kind: Type.Literal('ca-key'),
      purpose: Purpose,
      key: Type.String({ description: 'public key line' }),
      state: CaKeyState,
      affected: Type.Array(
        Type.Object({ holder: Type.String(), certificates: Type.Integer({ minimum: 1 }) }, strict),
        { description: 'of a revoked key: whose live certificates have to be issued again' },
      ),
    },
    strict,
  ),
]);

export type ActResult = Static<typeof ActResult>;

export const ActTouchReply = Type.Union([
  Type.Object({ state: Type.Literal('done'), result: ActResult }, strict),
  /** The page is told no more. */
  Type.Object({ state: Type.Literal('touched') }, strict),
]);

export type ActTouchReply = Static<typeof ActTouchReply>;

export const ActResultReply = Type.Union([
  Type.Object({ state: Type.Literal('done'), result: ActResult }, strict),
  Type.Object({ state: Type.Literal('pending') }, strict),
]);

export type ActResultReply = Static<typeof ActResultReply>;
