/**
 * The HTTP contract: one schema for each input and output, here the fields of several. fastify validates with it, the command checks every reply with
 * it, OpenAPI is made from it. Bytes are base64url without padding, times Unix seconds; nothing is coerced.
 */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { LIMITS } from '../../fido/assertion.ts';
import { FINGERPRINT_PATTERN } from '../../ssh/public-key.ts';
import { MAX_REASON_LENGTH, REASON_PATTERN } from '../../ssh/reason.ts';

export const strict = { additionalProperties: false } as const;

export function bytes(description: string, most: number) {
  return Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength: Math.ceil((most * 4) / 3), description });
}

function token(length: number, description: string) {
  return Type.String({ pattern: `^[A-Za-z0-9_-]{${length}}$`, description });
}

export const Login = Type.String({ pattern: '^[a-z_][a-z0-9_-]{0,31}$', description: 'a Unix account' });

export const HostName = Type.String({
  maxLength: 200,
  pattern: '^(\\*|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$',
  description: 'a host or group of the roster, or * alone for all',
});

/** Shown in terminals: no control characters, no line ends, no marks that turn the direction of text. */
export const Label = Type.String({
  maxLength: 64,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]*$',
  description: 'what a person calls a credential',
});

export const Reason = Type.String({
  maxLength: MAX_REASON_LENGTH,
  pattern: REASON_PATTERN,
  description: 'why; empty: none was given',
});

export const PersonName = Type.String({ pattern: '^[a-z_][a-z0-9_.-]{0,31}$' });

export const Time = Type.Integer({
  minimum: 0,
  maximum: 253_402_300_799,
  description: 'Unix time in seconds',
});

export const Lifetime = Type.Integer({ minimum: 1, maximum: 7_776_000, description: 'seconds' });

export const RequestId = token(22, 'id of the request (16 random bytes); no secret');

export const Serial = Type.String({ pattern: '^[1-9][0-9]{0,19}$', description: 'of a certificate' });

export const Secret = token(43, 'a secret of 32 bytes');

export const Proofs = Type.Array(bytes('a node of the Merkle tree', 32), { maxItems: 64 });

export const Checkpoint = Type.String({
  maxLength: 4096,
  description: 'a signed note as in C2SP tlog-checkpoint',
});

export const SeenSize = Type.Integer({
  minimum: 0,
  description: 'size of the tree in the checkpoint the caller saw last',
});

export const Purpose = Type.Union([
  Type.Literal('login'),
  Type.Literal('sudo'),
  Type.Literal('builder'),
  Type.Literal('host'),
]);

export const UserVerification = Type.Union([Type.Literal('required'), Type.Literal('discouraged')]);

export const Empty = Type.Object({}, strict);

export const RequestParams = Type.Object({ id: RequestId }, strict);

export const Assertion = Type.Object(
  {
    credentialId: Type.String({
      minLength: 1,
      maxLength: 1400,
      pattern: `^(${FINGERPRINT_PATTERN}|[A-Za-z0-9_-]+)$`,
    }),
    clientDataJSON: bytes('the exact bytes the digest of which was signed', LIMITS.clientDataJSON),
    authenticatorData: bytes('authenticator data', LIMITS.authenticatorData),
    signature: bytes('DER for ES256, 64 bytes for EdDSA', LIMITS.signature),
    userHandle: Type.Optional(bytes('user handle', 64)),
  },
  strict,
);

export type Assertion = Static<typeof Assertion>;

export const Drafts = Type.Array(bytes('the to-be-signed bytes of a certificate', 65_535), {
  minItems: 1,
  maxItems: 16,
  description:
    'in the order asked; or the alternatives of one, one for each CA key that a person may sign with',
});

export const CredentialIds = Type.Array(Type.String(), {
  description: 'ids for navigator.credentials.get; decoys included',
});

export const ApprovalCount = Type.Integer({
  minimum: 0,
  maximum: 4,
  description: 'how many other people have to approve before it is signed',
});

export const DraftIndex = Type.Integer({ minimum: 0, maximum: 15, description: 'which of the alternatives' });

export const CaSignature = bytes('signature blob (OpenSSH) over the draft by the CA key that it names', 512);
