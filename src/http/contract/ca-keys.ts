/** How the authority's own CA keys stand, and what each host says that it knows of them. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Purpose, strict, Time } from './fields.ts';

/** created: known to the authority only. coming: hosts and clients get it. retired: trusted for what it signed. */
export const CaKeyState = Type.Union([
  Type.Literal('created'),
  Type.Literal('coming'),
  Type.Literal('active'),
  Type.Literal('retired'),
  Type.Literal('removed'),
  Type.Literal('revoked'),
]);

const ListedCaKey = Type.Object(
  {
    purpose: Purpose,
    key: Type.String({ description: 'public key line' }),
    state: CaKeyState,
    since: Time,
    publishedAt: Type.Optional(Time),
    certificates: Type.Integer({ minimum: 0, description: 'how many that it signed count still' }),
  },
  strict,
);

const Report = Type.Object(
  {
    receivedAt: Time,
    number: Type.Integer({ minimum: 0, description: 'of the bundle that it has' }),
    openssh: Type.String(),
    pamUssh: Type.String(),
    trusts: Type.Array(
      Type.Object({ purpose: Type.String(), key: Type.String({ description: 'fingerprint' }) }, strict),
    ),
    shows: Type.Array(Type.String({ description: 'serial of a host certificate' })),
    problems: Type.Array(Type.String()),
  },
  strict,
);

const ListedHost = Type.Object(
  {
    host: Type.String(),
    enrolledAt: Time,
    renewedAt: Time,
    lockedAt: Type.Optional(Time),
    report: Type.Optional(Report),
  },
  strict,
);

export const CaKeysReply = Type.Object(
  { keys: Type.Array(ListedCaKey), hosts: Type.Array(ListedHost) },
  strict,
);

export type CaKeysReply = Static<typeof CaKeysReply>;
