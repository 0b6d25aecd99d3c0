/** How the authority says no. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Access } from './access.ts';
import { strict } from './fields.ts';

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

export type Problem = Static<typeof Problem>;
