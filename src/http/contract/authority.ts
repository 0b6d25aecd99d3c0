/** What the authority says of a caller, of its log, and of itself. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Access } from './access.ts';
import { Checkpoint, Proofs, strict, Time } from './fields.ts';

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

export type MeReply = Static<typeof MeReply>;

export const ConsistencyQuery = Type.Object(
  { from: Type.String({ pattern: '^(0|[1-9][0-9]{0,15})$' }) },
  strict,
);

export const ConsistencyReply = Type.Object({ checkpoint: Checkpoint, consistencyProof: Proofs }, strict);

export type ConsistencyReply = Static<typeof ConsistencyReply>;

export const Ready = Type.Object(
  {
    ready: Type.Boolean(),
    checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean() }, strict)),
  },
  strict,
);

export type Ready = Static<typeof Ready>;
