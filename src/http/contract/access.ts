/** What a person may ask for, as the authority tells it. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { ApprovalCount, Lifetime, strict } from './fields.ts';

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

export type Access = Static<typeof Access>;
